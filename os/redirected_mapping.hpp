// Has a program map another file than the descriptor that it named: its mmap
// waits under a seccomp notification, and is made again with other arguments by
// way of ptrace(2).
#pragma once

#include <cstdint>

#include "os/seccomp.hpp"

namespace qaic::os {

// Set in the flags of the call that is made instead, so that a filter can let it
// through: MAP_UNINITIALIZED, which says nothing on a machine with an MMU.
inline constexpr std::uint32_t kRedirectedMapping = 0x4000000;

// Ends the mmap `call` with a mapping of `fd` at `offset`; everything else is as
// the caller asked. Takes some hundred microseconds. False: it cannot be done here
// (another machine than x86-64, a caller that is traced), and the call still waits.
// When a signal comes between, the caller makes its call again.
[[nodiscard]] bool redirect_mmap(const SeccompListener& listener, const Notification& call, int fd,
                                 std::uint64_t offset);

}  // namespace qaic::os
