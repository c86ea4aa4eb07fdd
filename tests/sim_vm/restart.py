"""A network that dies under the real driver of Linux 7: its channel is restarted, and the card is whole afterwards."""
import glob
import os
import socket
import struct
import sys

import guest
import tool

RUN = f"{tool.BIN}/qaic-run"
NETWORKS = f"{tool.BUILD}/networks"


def inside():
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)  # NETLINK_KOBJECT_UEVENT
    events.bind((0, 1))
    events.setblocking(False)
    dead = tool.run([RUN, f"{NETWORKS}/crash", "--zero"])
    tool.equal(dead.returncode, 7, f"a network that crashes: {dead.stderr}")
    states = []
    try:
        while True:
            states += [field[10:].decode() for field in events.recv(8192).split(b"\0") if field.startswith(b"DBC_STATE=")]
    except BlockingIOError:
        pass
    # Assigned, then before shutdown, after it, before power-up, after it, idle.
    tool.check(states[:5] == ["1", "2", "3", "4", "5"] and states[-1] == "0", f"states by uevent: {states}")
    dumps = glob.glob("/sys/class/devcoredump/devcd*/data")
    tool.equal(len(dumps), 1, "device core dumps")
    for path in dumps:
        with open(path, "rb") as file:
            magic, version, size = struct.unpack("<QQQ", file.read()[:24])
        tool.check((magic, version) == (0x1234567890ABCDEF, 1) and size > 64,
                   f"the dump's header: {magic:x} {version} {size}")
    left = set(open(path, encoding="ascii").read().strip() for path in glob.glob("/sys/class/accel/accel0/dbc*_state"))
    tool.equal(left, {"0"}, "all channels are idle")
    after = tool.run([RUN, f"{NETWORKS}/digits", "-i", f"images={NETWORKS}/digits/images.npy"])
    tool.equal(after.returncode, 0, f"the next network: {after.stderr}")
    tool.end()


if sys.argv[1] == "inside":
    inside()
guest.prepare()
done = guest.run(sys.executable, os.path.realpath(__file__), "inside", options=["--fail-on-warning"])
print(done.stdout, done.stderr[-600:])
tool.equal(done.returncode, 0, "in the guest")
tool.end()
