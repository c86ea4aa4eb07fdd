#include "os/redirected_mapping.hpp"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

namespace qaic::os {

#if defined(__x86_64__)

namespace {

// Of a call that ends without a signal: the kernel makes it again (ERESTARTNOINTR).
constexpr int kMakeAgain = -513;
constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr int kEventStop = SIGTRAP | (PTRACE_EVENT_STOP << 8);
constexpr unsigned long long kSyscallInstruction = 2;  // bytes

// A thread that we trace, in one of its stops. Stays traced until let_go().
class Traced {
 public:
  explicit Traced(pid_t thread) : thread_(thread) {}

  [[nodiscard]] bool seize() const {
    if (::ptrace(PTRACE_SEIZE, thread_, nullptr, PTRACE_O_TRACESYSGOOD) < 0) return false;
    return ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0;
  }
  // Waits for the next stop; true if it is that one. A stop for a signal is kept.
  bool stops(int wanted) {
    int status = 0;
    while (::waitpid(thread_, &status, __WALL) < 0) {
      if (errno != EINTR) return false;
    }
    if (!WIFSTOPPED(status)) return false;  // it died
    const int stop = status >> 8;
    signal_ = stop < kSyscallStop && stop != kEventStop ? stop : 0;
    return stop == wanted;
  }
  bool next_syscall_stop() {
    return ::ptrace(PTRACE_SYSCALL, thread_, nullptr, nullptr) == 0 && stops(kSyscallStop);
  }
  [[nodiscard]] user_regs_struct registers() const {
    user_regs_struct out{};
    (void)::ptrace(PTRACE_GETREGS, thread_, nullptr, &out);
    return out;
  }
  void set(user_regs_struct registers) const { (void)::ptrace(PTRACE_SETREGS, thread_, nullptr, &registers); }
  // With the signal, if it was stopped for one.
  void let_go() const { (void)::ptrace(PTRACE_DETACH, thread_, nullptr, signal_); }

 private:
  pid_t thread_;
  long signal_ = 0;
};

}  // namespace

bool redirect_mmap(const SeccompListener& listener, const Notification& call, int fd, std::uint64_t offset) {
  Traced caller(call.thread);
  if (!caller.seize()) return false;
  const int number = listener.give_fd(call.id, fd, SeccompListener::CloseOnExec::yes);
  // Its stop waits for it behind the call.
  (void)listener.respond(call.id, number < 0 ? number : kMakeAgain);
  if (!caller.stops(kEventStop) || number < 0) {
    caller.let_go();
    return true;
  }
  const user_regs_struct before = caller.registers();
  user_regs_struct other = before;
  other.r10 |= kRedirectedMapping;
  other.r8 = static_cast<unsigned long long>(number);
  other.r9 = offset;
  caller.set(other);
  user_regs_struct after = before;
  if (caller.next_syscall_stop() && caller.next_syscall_stop()) {
    const user_regs_struct mapped = caller.registers();
    after.rax = mapped.rax;
    other = mapped;
    other.rip -= kSyscallInstruction;
    other.rax = SYS_close;
    other.rdi = static_cast<unsigned long long>(number);
    caller.set(other);
    // A signal that comes here, or before, leaves it the descriptor.
    (void)(caller.next_syscall_stop() && caller.next_syscall_stop());
    after.orig_rax = ~0ULL;  // no call that could be made again
  }
  caller.set(after);
  caller.let_go();
  return true;
}

#else

bool redirect_mmap(const SeccompListener&, const Notification&, int, std::uint64_t) {
  return false;
}

#endif

}  // namespace qaic::os
