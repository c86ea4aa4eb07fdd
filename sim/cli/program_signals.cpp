#include "sim/cli/program_signals.hpp"

#include <signal.h>

namespace qaic::sim::cli {

base::Result<os::SignalInbox> program_signals() {
  return os::SignalInbox::create(
      {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGIO});
}

void pass_on(os::SignalInbox& signals, const os::ProcessTree& tree) {
  for (const auto& signal : signals.take()) {
    // What the terminal sends, it sent to the program as well. SIGIO is a lease
    // of ours that somebody met.
    if (signal.from_kernel || signal.number == SIGIO) continue;
    tree.signal(signal.number);
  }
}

}  // namespace qaic::sim::cli
