// One use of qaic-run: read and check everything, choose a card, run, report.
#pragma once

#include "tools/qaic-run/options.hpp"
#include "tools/qaic-run/progress.hpp"

namespace qaic::tools::run {

// The worker's whole work. Everything is unloaded on every way out; the exit
// code is told, and the standard streams are left, before the card is closed.
int run_session(const RunOptions& options, Progress& progress);

}  // namespace qaic::tools::run
