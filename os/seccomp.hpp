// Seccomp user notification: a filter that hands chosen system calls of a
// program to a supervisor, and the supervisor's side of it (seccomp(2),
// seccomp_unotify(2)).
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Builds a filter for the machine this was compiled for. Calls of another
// architecture (32-bit programs on a 64-bit kernel) are let through untouched.
class SyscallFilter {
 public:
  // A test of one argument: its low 32 bits, masked, against a value.
  struct Condition {
    unsigned argument = 0;
    std::uint32_t mask = 0xFFFFFFFF;
    std::uint32_t value = 0;
    enum class Sense { equal, not_equal } sense = Sense::equal;
  };

  SyscallFilter();
  // Hands over the call when all conditions hold.
  SyscallFilter& notify(long number, std::span<const Condition> conditions);
  // The program; what matched nothing is allowed.
  [[nodiscard]] std::vector<sock_filter> build() const;

 private:
  std::vector<sock_filter> code_;
};

// Puts the calling process under `filter` and gives the descriptor on which its
// notifications are received. Once received, a call is interrupted by fatal
// signals only (Linux 5.19; older kernels: by any signal). Needs CAP_SYS_ADMIN
// in the caller's user namespace. Error ids: seccomp-filter.
[[nodiscard]] base::Result<Fd> install_filter(std::span<const sock_filter> filter);

// One call that waits for an answer.
struct Notification {
  std::uint64_t id = 0;
  pid_t thread = 0;  // in the receiver's pid namespace
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

class SeccompListener {
 public:
  explicit SeccompListener(Fd fd);

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Whether the kernel switches straight to the other side (Linux 6.6).
  [[nodiscard]] bool wakes_synchronously() const { return wakes_synchronously_; }

  // The next call; nothing if it went away meanwhile. Blocks when none waits.
  [[nodiscard]] std::optional<Notification> receive() const;
  // Is the caller still waiting? Ask after looking at its memory or files, as
  // its thread number may have passed to another process.
  [[nodiscard]] bool valid(std::uint64_t id) const;
  // Ends the call with a result (>= 0) or -errno; false if the caller is gone.
  bool respond(std::uint64_t id, std::int64_t result) const;
  // Lets the kernel carry out the call.
  bool pass(std::uint64_t id) const;

  enum class CloseOnExec { no, yes };
  // Puts a copy of `fd` into the caller and ends its call with the new number.
  // 0 or -errno; on -errno the call still waits.
  [[nodiscard]] int respond_with_fd(std::uint64_t id, int fd, CloseOnExec close_on_exec) const;
  // Puts a copy of `fd` into the caller, whose call still waits: the new number, or -errno.
  [[nodiscard]] int give_fd(std::uint64_t id, int fd, CloseOnExec close_on_exec) const;
  // Replaces the caller's descriptor `number`; the call still waits.
  [[nodiscard]] int replace_fd(std::uint64_t id, int fd, int number, CloseOnExec close_on_exec) const;

 private:
  Fd fd_;
  bool wakes_synchronously_ = false;
};

// Result of a call that a signal ended: the kernel restarts it or gives EINTR,
// as the program asked. Only for a caller with a signal pending.
inline constexpr int kRestartCall = -512;

}  // namespace qaic::os
