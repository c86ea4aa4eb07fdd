// Signals that `qaic-sim run` gets, for the program that it runs.
#pragma once

#include "base/result.hpp"
#include "os/process_tree.hpp"
#include "os/signal_inbox.hpp"

namespace qaic::sim::cli {

[[nodiscard]] base::Result<os::SignalInbox> program_signals();
void pass_on(os::SignalInbox& signals, const os::ProcessTree& tree);

}  // namespace qaic::sim::cli
