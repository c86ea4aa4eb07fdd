#include "os/guarded_copy.hpp"

#include <setjmp.h>
#include <signal.h>

#include <atomic>
#include <cstring>

namespace qaic::os {

namespace {

// Where the copy that is under way on this thread ends when it faults.
constinit thread_local sigjmp_buf* volatile escape = nullptr;

extern "C" void on_bus_error(int number) {
  if (escape != nullptr) siglongjmp(*escape, 1);
  // Not ours: the instruction runs again and gets what it would have got.
  ::signal(number, SIG_DFL);
}

// Nothing is saved and restored at the jump, so the signal must not be blocked
// while its handler runs.
bool install() {
  struct sigaction action {};
  action.sa_handler = on_bus_error;
  action.sa_flags = SA_NODEFER;
  return ::sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

bool guarded_copy(base::MutableBytes to, base::Bytes from) {
  static const bool installed = install();
  if (!installed) return false;
  if (from.empty()) return true;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) != 0) {
    escape = nullptr;
    return false;
  }
  escape = &here;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memcpy(to.data(), from.data(), from.size());
  std::atomic_signal_fence(std::memory_order_seq_cst);
  escape = nullptr;
  return true;
}

}  // namespace qaic::os
