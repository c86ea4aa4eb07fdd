"""What may befall a card behind the real driver of Linux 7: errors that it reports, SYS_ERR, and a crash with a dump."""
import glob
import os
import struct
import subprocess
import sys
import time

import guest
import tool

NAME = f"ras-{os.getpid()}"
DEVICE = "/sys/class/accel/accel0/device"


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def await_(what, condition, limit=60):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            tool.check(False, f"within {limit} s: {what}")
            break
        time.sleep(0.05)


def say(word):
    print(word, flush=True)


def usable():
    return "Status:Ready" in tool.run([f"{tool.BIN}/qaic-util", "-q"]).stdout.replace(" ", "")


def session():
    """Another one each time that the driver starts the card."""
    try:
        return os.stat("/sys/bus/mhi/devices/mhi0_QAIC_CONTROL/").st_ino
    except OSError:
        return None


def inside():
    tool.equal(read(f"{DEVICE}/ce_count"), "0", "no errors yet")
    say("ras")
    await_("a correctable error is counted", lambda: read(f"{DEVICE}/ce_count") == "1")
    tool.equal((read(f"{DEVICE}/ue_count"), read(f"{DEVICE}/ue_nonfatal_count")), ("0", "0"), "nothing else is")
    first = session()
    say("sys-err")
    await_("the card is back after SYS_ERR", lambda: session() not in (None, first) and usable())
    second = session()
    say("card-crash")
    await_("the card's dump arrives", lambda: glob.glob("/sys/class/devcoredump/devcd*/data"))
    for path in glob.glob("/sys/class/devcoredump/devcd*/data"):
        with open(path, "rb") as file:
            dump = file.read()
        tool.check(b"reason.txt" in dump and b"injected" in dump and b"status.bin" in dump,
                   f"the dump says why: {len(dump)} bytes, {dump[:64].hex()}")
    await_("the card is back after its dump", lambda: session() not in (None, second) and usable())
    say("end")
    tool.end()


if sys.argv[1] == "inside":
    inside()
firmware = os.path.join(tool.BUILD, "firmware")
guest.prepare()
fetched = subprocess.run([f"{tool.SOURCE}/scripts/fetch-firmware", firmware], stderr=subprocess.PIPE, text=True, check=False)
if fetched.returncode == 77:
    print("skipped:", fetched.stderr.strip())
    sys.exit(77)
with open(f"{firmware}/suites", encoding="ascii") as file:
    release = sorted({line.split()[2] for line in file})[-1]
running = guest.Running(sys.executable, os.path.realpath(__file__), "inside",
                        options=["--name", NAME, "--firmware", f"{firmware}/{release}"])
ORDERS = {"ras": ["ras", "ddr", "correctable"], "sys-err": ["sys-err"], "card-crash": ["card-crash"]}
word = running.first_line.strip()
said = []
while word:
    said.append(word)
    if word in ORDERS:
        done = tool.run([guest.SIM, "inject", "--name", NAME, *ORDERS[word]])
        tool.equal(done.returncode, 0, f"inject {word}: {done.stderr}")
    word = running.process.stdout.readline().strip()
tool.equal([word for word in said if word in ORDERS], list(ORDERS), f"all of it was asked for: {said}")
code, error, _ = running.end(limit=60)
print(said, error[-1500:])
tool.equal(code, 0, "in the guest")
tool.end()
