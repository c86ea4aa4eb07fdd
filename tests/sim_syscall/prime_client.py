"""Buffers by descriptor between files, processes and cards."""
import ctypes
import errno
import fcntl
import mmap
import os
import signal
import struct
import sys

CREATE, MMAP, GEM_CLOSE = 0xC0106441, 0xC0106442, 0x40086409
TO_FD, TO_HANDLE, GET_CAP = 0xC00C642D, 0xC00C642E, 0xC010640C
SYNC = 0x40086200  # DMA_BUF_IOCTL_SYNC


def call(node, number, layout, *values):
    return struct.unpack(layout, fcntl.ioctl(node, number, struct.pack(layout, *values)))


def fails(number, action):
    try:
        action()
    except OSError as error:
        assert error.errno == number, error
    else:
        raise AssertionError(f"no error {number}")


node, other = (os.open(path, os.O_RDWR | os.O_CLOEXEC) for path in sys.argv[1:3])
assert call(node, GET_CAP, "QQ", 5, 0)[1] == 3
handle = call(node, CREATE, "QII", 8192, 0, 0)[1]
offset = call(node, MMAP, "IIQ", handle, 0, 0)[2]
memory = mmap.mmap(node, 8192, offset=offset)
memory[:5] = b"hello"
shared = call(node, TO_FD, "IIi", handle, os.O_CLOEXEC | os.O_RDWR, -1)[2]
assert not os.get_inheritable(shared)
assert os.get_inheritable(call(node, TO_FD, "IIi", handle, os.O_RDWR, -1)[2])
assert os.lseek(shared, 0, os.SEEK_END) == 8192
assert call(node, TO_HANDLE, "IIi", 0, 0, shared)[0] == handle
# Another card, where it is no BO of its own.
taken = call(other, TO_HANDLE, "IIi", 0, 0, shared)[0]
assert call(other, TO_HANDLE, "IIi", 0, 0, os.dup(shared))[0] == taken
assert call(other, MMAP, "IIQ", taken, 0, 99)[2] == 0
fails(errno.EINVAL, lambda: mmap.mmap(other, 8192, offset=0))
back = call(other, TO_FD, "IIi", taken, os.O_CLOEXEC, -1)[2]
assert os.fstat(back).st_ino == os.fstat(shared).st_ino
# Mapped, it is the buffer's memory, and so is a part of it; nothing is left behind.
files = os.listdir("/proc/self/fd")
view = mmap.mmap(shared, 8192)
assert view[:5] == b"hello"
view[4096:4101] = b"there"
assert memory[4096:4101] == b"there"
assert mmap.mmap(shared, 4096, offset=4096, prot=mmap.PROT_READ)[:5] == b"there"
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
for length, start, number in ((8192, 4096, errno.EINVAL), (4096, 8192, errno.EINVAL), (4096, 4095, errno.EINVAL)):
    assert libc.mmap(None, length, 3, 1, shared, ctypes.c_long(start)) == ctypes.c_void_p(-1).value
    assert ctypes.get_errno() == number
del view
assert len(os.listdir("/proc/self/fd")) == len(files)
# Also while signals rain.
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0011)
for _ in range(200):
    assert mmap.mmap(shared, 8192)[:5] == b"hello"
signal.setitimer(signal.ITIMER_REAL, 0)
fails(errno.EBADF, lambda: os.read(shared, 1))
for flags, number in ((1, 0), (1 | 2 | 4, 0), (8, errno.EINVAL), (4, errno.EINVAL)):
    if number == 0:
        call(shared, SYNC, "Q", flags)
    else:
        fails(number, lambda flags=flags: call(shared, SYNC, "Q", flags))
fails(errno.ENOTTY, lambda: call(node, SYNC, "Q", 1))
for bad, number in ((os.pipe()[0], errno.EINVAL), (node, errno.EINVAL), (987, errno.EBADF)):
    fails(number, lambda bad=bad: call(other, TO_HANDLE, "IIi", 0, 0, bad))
fails(errno.ENOENT, lambda: call(node, TO_FD, "IIi", 4711, 0, -1))
# The descriptor outlives the file that gave it, in another process.
child = os.fork()
if child == 0:
    os.close(node)
    fresh = os.open(sys.argv[2], os.O_RDWR)
    assert call(fresh, TO_HANDLE, "IIi", 0, 0, shared)[0] == 1
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
fcntl.ioctl(node, GEM_CLOSE, struct.pack("II", handle, 0))
os.close(node)
assert call(other, TO_HANDLE, "IIi", 0, 0, shared)[0] == taken
assert memory[:5] == b"hello"
print("fine")
