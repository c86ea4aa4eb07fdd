"""The tools on the real driver: state, health, and networks that compute right numbers."""
import struct
import tempfile

import guest
import tool

guest.prepare()
UTIL = f"{tool.BIN}/qaic-util"
RUN = f"{tool.BIN}/qaic-run"

smoke = guest.run(UTIL, "-q", options=["--fail-on-warning"])
tool.equal(smoke.returncode, 0, f"qaic-util -q: {smoke.stderr[-800:]}")
tool.check("Status:Ready" in smoke.stdout.replace(" ", ""), f"the card is ready: {smoke.stdout[:600]}")


def vectors(text):
    """How many interrupts of /proc/interrupts are the card's, and whether they are MSI-X."""
    lines = [line for line in text.splitlines() if "-edge" in line and (" mhi" in line or " qaic" in line)]
    return len(lines), bool(lines) and all("PCI-MSIX-" in line for line in lines)


with tempfile.TemporaryDirectory() as folder:
    x = [i * 1001 - 77 for i in range(256)]
    y = [-5 * i for i in range(256)]
    for name, values in (("x", x), ("y", y), ("factor", [3])):
        with open(f"{folder}/{name}.raw", "wb") as file:
            file.write(struct.pack(f"<{len(values)}i", *values))

    def scale_add(name, *more):
        return " ".join([RUN, f"{tool.BUILD}/networks/scale-add", "-i", f"0={folder}/x.raw", "-i", f"1={folder}/y.raw",
                         "-i", f"2={folder}/factor.raw", "-s", f"result={folder}/{name}.raw", *more])

    def right(name):
        with open(f"{folder}/{name}.raw", "rb") as file:
            return list(struct.unpack("<256i", file.read())) == [3 * a + b for a, b in zip(x, y)]

    def computes(what, script, names, *options):
        done = guest.run("sh", "-c", script, options=["--fail-on-warning", *options])
        tool.equal(done.returncode, 0, f"{what}: {done.stdout[-800:]} {done.stderr[-800:]}")
        if done.returncode == 0:
            for name in names:
                tool.check(right(name), f"{what}: {name}: result = factor * x + y")
        return done.stdout

    digits = [RUN, f"{tool.BUILD}/networks/digits", "-i", f"images={tool.BUILD}/networks/digits/images.npy"]
    computes("networks", f"set -e\n{scale_add('result', '-n', '20')}\n{' '.join(digits)} -s logits={folder}/guest.npy",
             ["result"])
    # The fast face's numbers are held against plain host computation elsewhere.
    fast = tool.simulated([*digits, "-s", f"logits={folder}/fast.npy"])
    tool.equal(fast.returncode, 0, f"digits on the fast face: {fast.stderr[-400:]}")
    with open(f"{folder}/guest.npy", "rb") as one, open(f"{folder}/fast.npy", "rb") as other:
        tool.check(one.read() == other.read(), "digits: the same numbers by the real driver and by its twin")

    # Each access of a card that the driver did not map is a fault; cases with much scattered memory are among them.
    each = "".join(f"{scale_add(f'strict{n}', '-n', '50', '-d', str(n))} & all=\"$all $!\"\n" for n in range(4))
    suite = f"{tool.BIN}/qaic-conformance --only 'execute.*' --only 'transaction.dma*' --only 'limits.addresses*'"
    said = computes("four cards at once behind a strict IOMMU",
                    f"{UTIL} list\n{each}for one in $all; do wait $one || exit 1; done\n{suite}",
                    [f"strict{n}" for n in range(4)], "--cards", "4", "--iommu", "strict")
    tool.equal(said.count("/dev/accel/accel"), 4, f"four nodes: {said}")
    tool.check("not ok" not in said and "ok 11 " in said, f"cases: {said[-1500:]}")

    said = computes("one interrupt for all", f"set -e\n{scale_add('one', '-n', '50')}\ncat /proc/interrupts", ["one"],
                    "--iommu", "off")
    tool.equal(vectors(said), (1, False), f"one vector: {said[-2000:]}")
    if guest.KERNEL != "6.12":  # asks for MSI only
        said = computes("MSI-X", f"set -e\n{scale_add('msix', '-n', '50')}\ncat /proc/interrupts", ["msix"],
                        "--interrupts", "msix")
        tool.equal(vectors(said), (17, True), f"the vectors that the driver asks for: {said[-2000:]}")

tool.end()
