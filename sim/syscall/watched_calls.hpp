// Which system calls of the program the supervisor sees.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace qaic::sim::syscall {

// Opens for writing, openat2, ioctls of type 'd', shared mappings of files,
// uevent sockets, fstatfs, by which libudev makes sure of a real sysfs, and
// writes of less than 32 bytes (8 excepted), which may go to an attribute. Calls
// of other architectures than the supervisor's own (32-bit programs) go to the
// kernel: such programs see the nodes but cannot use them.
// Opens for reading go to the kernel too, or every file a program reads would
// cost a round trip; a node opened so is recognised at its first ioctl or mmap.
[[nodiscard]] std::vector<sock_filter> watched_calls();

}  // namespace qaic::sim::syscall
