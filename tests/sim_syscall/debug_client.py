"""The driver's files of debugfs beside a queue that stands still."""
import ctypes
import fcntl
import os
import stat
import struct
import sys
import time

MANAGE, CREATE, ATTACH, EXECUTE = 0xC0106440, 0xC0106441, 0x40206443, 0x40106444
FOLDER = f"/sys/kernel/debug/accel/{sys.argv[2]}"


def text(name):
    assert stat.S_IMODE(os.stat(f"{FOLDER}/{name}").st_mode) == 0o400
    with open(f"{FOLDER}/{name}") as file:
        return file.read()


def shows(name, wanted):
    for _ in range(200):
        if text(name) == wanted:
            return
        time.sleep(0.01)
    raise AssertionError((name, text(name), wanted))


assert sorted(os.listdir(FOLDER)) == ["bootlog"] + [f"dbc{i:03}" for i in range(16)] + ["name"]
assert text("name") == f"qaic dev={sys.argv[2]} unique={sys.argv[2]}\n"
log = text("bootlog")
assert log.startswith("SBL ") and log.endswith("started\n") and "\0" not in log, log
assert text("dbc000/fifo_size") == "0\n"
node = os.open(sys.argv[1], os.O_RDWR)
message = ctypes.create_string_buffer(struct.pack("IIIIII", 7, 24, 8, 0, 0, 0), 4096)
fcntl.ioctl(node, MANAGE, bytearray(struct.pack("IIQ", 24, 1, ctypes.addressof(message))))
shows("dbc000/fifo_size", "8\n")
shows("dbc000/queued", "0\n")
shows("dbc001/fifo_size", "0\n")
handle = struct.unpack("QII", fcntl.ioctl(node, CREATE, struct.pack("QII", 4096, 0, 0)))[1]
# Two slices that wait for semaphore 0 to be 0xABC.
never = struct.pack("Q", 0) + struct.pack("HBBBBH", 0xABC, 0, 1, 4, 0, 0) + bytes(24 + 8 + 8 + 8 + 8)
slices = ctypes.create_string_buffer(never * 2, 144)
fcntl.ioctl(node, ATTACH, struct.pack("IIIIQQ", 2, 0, handle, 1, 0, ctypes.addressof(slices)))
entry = ctypes.create_string_buffer(struct.pack("II", handle, 1), 8)
fcntl.ioctl(node, EXECUTE, struct.pack("IIQ", 1, 0, ctypes.addressof(entry)))
shows("dbc000/queued", "2\n")
os.close(node)
shows("dbc000/fifo_size", "0\n")
shows("dbc000/queued", "0\n")
print("fine")
