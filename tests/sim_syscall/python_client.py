"""A node used from an interpreter: os.open, fcntl.ioctl, mmap."""
import fcntl
import mmap
import os
import struct
import sys

fd = os.open(sys.argv[1], os.O_RDWR)
create = bytearray(struct.pack("=QII", 10000, 0, 0))
fcntl.ioctl(fd, 0xC0106441, create)
handle = struct.unpack("=QII", create)[1]
where = bytearray(struct.pack("=IIQ", handle, 0, 0))
fcntl.ioctl(fd, 0xC0106442, where)
offset = struct.unpack("=IIQ", where)[2]
memory = mmap.mmap(fd, 12288, offset=offset)
assert memory[:] == bytes(12288)
memory[:5] = b"hello"
copy = os.dup(fd)
os.close(fd)
assert mmap.mmap(copy, 4096, offset=offset)[:5] == b"hello"
try:
    mmap.mmap(copy, 4096, offset=offset + 4096)
    raise SystemExit("a mapping from the middle of a buffer was allowed")
except OSError as error:
    assert error.errno == 22
# As scripts do it that do not think about modes.
with open(sys.argv[1]) as node:
    version = bytearray(64)
    fcntl.ioctl(node, 0xC0406400, version)
    name_length = struct.unpack_from("=Q", version, 16)[0]
    assert name_length == 4, name_length
print(handle)
