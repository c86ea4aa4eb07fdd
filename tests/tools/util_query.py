"""qaic-util -q: the labels, their order and spacing that scripts parse, and that
every figure it shows follows the card."""
import re

import tool

# runtime-protocols §3.3: label and the shape of its value, in order.
KNOWN_BLOCK = [
    ("Status", r"Ready"), ("PCI Address", r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"),
    ("PCI Info", r"Processing accelerators Qualcomm Device a100"),
    ("Max Link Speed", r"[\d.]+GT/s"), ("Max Link Width", r"x\d+"),
    ("Current Link Speed", r"[\d.]+GT/s"), ("Current Link Width", r"x\d+"),
    ("Dev Link", r"/dev/accel/accel\d+ "),
    ("HW Version", r"\d+\.\d+\.\d+\.\d+"), ("HW Serial", r"0x[0-9a-f]+"), ("FW Version", r"\d+\.\d+\.\d+(\.\d+)?"),
    ("FW QC_IMAGE_VERSION", r".*"), ("FW OEM_IMAGE_VERSION", r".*"), ("FW IMAGE_VARIANT", r".*"),
    ("NSP Version", r"\d+\.\d+\.\d+(\.\d+)?"), ("NSP QC_IMAGE_VERSION", r".*"), ("NSP OEM_IMAGE_VERSION", r".*"),
    ("NSP IMAGE_VARIANT", r".*"), ("Dram Total", r"\d+ MB"), ("Dram Free", r"\d+ MB"),
    ("Dram Fragmentation", r"\d+\.\d\d%"), ("Vc Total", r"\d+"), ("Vc Free", r"\d+"), ("Pc Total", r"\d+"),
    ("Pc Reserved", r"\d+"), ("Nsp Total", r"\d+"), ("Nsp Free", r"\d+"),
    ("Last 100ms Average Dram Bw", r"[\d.]+ KBps"), ("MCID Total", r"\d+"), ("MCID Free", r"\d+"),
    ("Semaphore Total", r"\d+"), ("Semaphore Free", r"\d+"), ("Constants Loaded", r"\d+"),
    ("Constants In-Use", r"\d+"), ("Networks Loaded", r"\d+"), ("Networks Active", r"\d+"),
    ("NSP Frequency(Mhz)", r"\d+\.\d\d"), ("DDR Frequency(Mhz)", r"\d+\.\d\d"),
    ("COMPNOC Frequency(Mhz)", r"\d+\.\d\d"), ("MEMNOC Frequency(Mhz)", r"\d+\.\d\d"),
    ("SYSNOC Frequency(Mhz)", r"\d+\.\d\d"), ("Metadata Version", r"1\.0"),
    ("NNC Command Protocol Version", r"17\.0"), ("SBL Image", r".*"), ("PVS Image Version", r"\d+"),
    ("NSP Defective PG Mask", r" 0x[0-9a-f]+"), ("Sku Type", r".+"), ("Board serial", r".+"),
    ("SoC temperature(degree C)", r"[\d.]+|unavailable"), ("Board power(Watts)", r"[\d.]+|unavailable"),
    ("TDP Cap(Watts)", r"[\d.]+|unavailable"),
]


def query(*options, command=("qaic-util", "-q")):
    done = tool.simulated(list(command), options)
    tool.equal(done.returncode, 0, f"-q with {options}: {done.stderr[:300]}")
    return done.stdout


def fields(text):
    """label -> value of the first card."""
    card = text.split("\nQID ")[0]
    return dict(line[1:].split(":", 1) for line in card.split("\n") if line.startswith("\t"))


def layout():
    lines = query().split("\n")
    tool.equal(lines[0], "QID 0", "first line")
    for number, (label, shape) in enumerate(KNOWN_BLOCK, 1):
        line = lines[number] if number < len(lines) else ""
        tool.check(re.fullmatch(rf"\t{re.escape(label)}:({shape})", line) is not None,
                   f"line {number} is {label}: {line!r}")
    rest = [line for line in lines[len(KNOWN_BLOCK) + 1:] if line]
    tool.check(all(re.fullmatch(r"\t[^:]+:.*", line) for line in rest), f"what follows is label:value too: {rest}")
    tool.check("FW Features" not in "\n".join(lines), "FW Features only with CRC")


def parsers_in_the_wild():
    text = query("--cards", "3")
    records = re.split(r"(?=^QID \d+\s*$)", text, flags=re.M)[1:]
    tool.equal(len(records), 3, "records split at ^QID n$")
    for record in records:
        tool.check(re.search(r"^\s*Nsp Total:(\d+)\s*$", record, re.M) is not None, "Nsp Total regex")
        tool.check(re.search(r"^\s*Board serial:(.+?)\s*$", record, re.M) is not None, "Board serial regex")
        tool.check("Status:Ready" in record, "Status:Ready")
        tool.check("Device Capabilities" in record and "HybridBoot" in record and "MDP" in record, "capabilities line")
        tool.check(re.search(r"FW IMAGE_VARIANT\s*:\s*(\S*)", record) is not None, "image variant regex")
        tool.check(int(record.split("Nsp Total:")[1].split()[0]) > 0, "Nsp Total split")
    tool.check(re.search(r"nsp free:\d+", text, re.I) is not None, "nsp free, any case")


def figures_follow_the_card():
    stock = fields(query())
    # what is set on the card -> the line that must follow
    for setting, label, wanted in [
        ("retired_pages=7", "Retired Pages", "7"),
        ("need_reset_to_retire_pages=1", "Reset Needed To Retire Pages", "yes"),
        ("nsp_pg_mask=0x8000000000000001", "NSP Defective PG Mask", " 0x8000000000000001"),
        ("pvs_image_version=31", "PVS Image Version", "31"),
        ("hw_version=0x10020304", "HW Version", "1.2.3.4"),
        ("hw_serial=0xdeadbeef", "HW Serial", "0xdeadbeef"),
        ("board_serial=PN-1", "Board serial", "PN-1"),
        ("nsp_count=8", "Nsp Total", "8"),
        ("dram_bytes=17179869184", "Dram Total", "16384 MB"),
        ("complex_id=2", "SoC Index", "2"),
        ("features=0x1", "FW Features", "[FUSA]"),
    ]:
        moved = fields(query("--set", setting))
        tool.equal(moved.get(label), wanted, f"--set {setting} moves {label}")
        tool.check(stock.get(label) != wanted, f"{label} differs without {setting}")
    for bit, name in [(3, "HybridBoot"), (5, "MDP"), (4, "SSR"), (9, "SocDebug")]:
        moved = fields(query("--set", f"features={1 << bit}"))["Device Capabilities"]
        tool.equal(re.findall(r"(\w+)\+", moved), [name], f"feature bit {bit}")
    tool.equal(fields(query("--sku", "ultra"))["Sku Type"], "PCIe Ultra", "--sku ultra")
    tool.check(fields(query("--qsm-version", "1.20.2.4"))["FW Version"] == "1.20.2.4", "--qsm-version")


def use_shows():
    """A loaded and active network takes what it says and gives it back."""
    script = """
import subprocess, sys, time, re
def ask():
    text = subprocess.run(["qaic-util", "-q"], capture_output=True, text=True, check=True).stdout
    return dict(l[1:].split(":", 1) for l in text.split("\\n") if l.startswith("\\t"))
before = ask()
run = subprocess.Popen(["qaic-run", sys.argv[1], "--random", "-n", "4000"], stdout=subprocess.DEVNULL)
during = before
while run.poll() is None and during["Networks Active"] == "0":
    during = ask()
busy = ask() if run.poll() is None else during
run.wait()
after = ask()
for label in ("Nsp Free", "Vc Free", "Semaphore Free", "MCID Free", "Networks Loaded", "Networks Active"):
    print(label, before[label], during[label], after[label], sep="|")
print("Last 100ms Average Dram Bw", before["Last 100ms Average Dram Bw"], busy["Last 100ms Average Dram Bw"], "", sep="|")
sys.exit(run.returncode)
"""
    done = tool.simulated(["python3", "-c", script, f"{tool.BUILD}/networks/scale-add"])
    tool.equal(done.returncode, 0, f"a run beside the queries: {done.stderr[:300]}")
    for line in done.stdout.strip().split("\n"):
        label, before, during, after = line.split("|")
        if after:
            tool.equal(after, before, f"{label} comes back")
        tool.check(during != before, f"{label} moves while a network is active: {line}")


layout()
parsers_in_the_wild()
figures_follow_the_card()
use_shows()
tool.end()
