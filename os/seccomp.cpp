#include "os/seccomp.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace qaic::os {

using base::fail;
using base::Result;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#else
#error "name this machine's AUDIT_ARCH_ constant"
#endif

// linux/seccomp.h of Linux 6.6; Debian 12's headers are older.
constexpr unsigned long kSetFlags = 0x40082104;  // _IOW('!', 4, __u64)
constexpr unsigned long kSyncWakeUp = 1;

constexpr std::uint32_t kOffsetNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kOffsetArch = offsetof(seccomp_data, arch);
constexpr std::uint32_t kOffsetArguments = offsetof(seccomp_data, args);

sock_filter statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}
sock_filter jump(unsigned code, std::uint32_t k, unsigned if_true, unsigned if_false) {
  return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
          static_cast<std::uint8_t>(if_false), k};
}

}  // namespace

SyscallFilter::SyscallFilter() {
  code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kOffsetArch));
  code_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  code_.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

SyscallFilter& SyscallFilter::notify(long number, std::span<const Condition> conditions) {
  // Each condition is load, mask, compare; a failing one jumps behind the return.
  const std::size_t length = conditions.size() * 3 + 1;
  code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kOffsetNumber));
  code_.push_back(
      jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, static_cast<unsigned>(length)));
  std::size_t left = length;
  for (const Condition& condition : conditions) {
    // Little-endian machines only: the low half of an argument comes first.
    code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kOffsetArguments + 8 * condition.argument));
    code_.push_back(statement(BPF_ALU | BPF_AND | BPF_K, condition.mask));
    left -= 3;
    const auto away = static_cast<unsigned>(left);
    const bool equal = condition.sense == Condition::Sense::equal;
    code_.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, condition.value, equal ? 0 : away, equal ? away : 0));
  }
  code_.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  return *this;
}

std::vector<sock_filter> SyscallFilter::build() const {
  auto code = code_;
  code.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return code;
}

Result<Fd> install_filter(std::span<const sock_filter> filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());
  constexpr unsigned long kListener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  constexpr unsigned long kKillable = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kListener | kKillable, &program);
  int error = errno;
  if (fd < 0 && error == EINVAL) {
    fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kListener, &program);
    error = errno;
  }
  if (fd < 0) {
    auto refused = base::system_error(error, "seccomp-filter", "cannot watch system calls through seccomp");
    refused.kind = base::ErrorKind::unsupported;
    refused.hint = error == EBUSY ? "a supervisor watches this program already: run it outside of that one"
                                  : "it needs Linux 5.14 with CONFIG_SECCOMP_FILTER; in a container, let its "
                                    "profile allow seccomp(2)";
    return fail(std::move(refused));
  }
  return Fd(static_cast<int>(fd));
}

SeccompListener::SeccompListener(Fd fd) : fd_(std::move(fd)) {
  wakes_synchronously_ = ::ioctl(fd_.get(), kSetFlags, kSyncWakeUp) == 0;
}

std::optional<Notification> SeccompListener::receive() const {
  seccomp_notif call{};
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) return std::nullopt;
  Notification out;
  out.id = call.id;
  out.thread = static_cast<pid_t>(call.pid);
  out.number = call.data.nr;
  for (std::size_t i = 0; i < out.arguments.size(); ++i) out.arguments[i] = call.data.args[i];
  return out;
}

bool SeccompListener::valid(std::uint64_t id) const {
  return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool SeccompListener::respond(std::uint64_t id, std::int64_t result) const {
  seccomp_notif_resp response{};
  response.id = id;
  if (result < 0) {
    response.error = static_cast<std::int32_t>(result);
  } else {
    response.val = result;
  }
  return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool SeccompListener::pass(std::uint64_t id) const {
  seccomp_notif_resp response{};
  response.id = id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

namespace {

int add_fd(int listener, seccomp_notif_addfd& request) {
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request) < 0 ? -errno : 0;
}

}  // namespace

int SeccompListener::respond_with_fd(std::uint64_t id, int fd, CloseOnExec close_on_exec) const {
  seccomp_notif_addfd request{};
  request.id = id;
  request.srcfd = static_cast<std::uint32_t>(fd);
  request.flags = SECCOMP_ADDFD_FLAG_SEND;
  request.newfd_flags = close_on_exec == CloseOnExec::yes ? static_cast<std::uint32_t>(O_CLOEXEC) : 0U;
  return add_fd(fd_.get(), request);
}

int SeccompListener::give_fd(std::uint64_t id, int fd, CloseOnExec close_on_exec) const {
  seccomp_notif_addfd request{};
  request.id = id;
  request.srcfd = static_cast<std::uint32_t>(fd);
  request.newfd_flags = close_on_exec == CloseOnExec::yes ? static_cast<std::uint32_t>(O_CLOEXEC) : 0U;
  // The kernel's answer is the number in the caller.
  const int number = ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &request);
  return number < 0 ? -errno : number;
}

int SeccompListener::replace_fd(std::uint64_t id, int fd, int number, CloseOnExec close_on_exec) const {
  seccomp_notif_addfd request{};
  request.id = id;
  request.srcfd = static_cast<std::uint32_t>(fd);
  request.newfd = static_cast<std::uint32_t>(number);
  request.flags = SECCOMP_ADDFD_FLAG_SETFD;
  request.newfd_flags = close_on_exec == CloseOnExec::yes ? static_cast<std::uint32_t>(O_CLOEXEC) : 0U;
  return add_fd(fd_.get(), request);
}

}  // namespace qaic::os
