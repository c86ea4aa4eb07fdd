// One use of `qaic-run bench`: loads, measures each point, unloads, reports.
#pragma once

#include "tools/qaic-run/bench/options.hpp"
#include "tools/qaic-run/progress.hpp"

namespace qaic::tools::run::bench {

// The worker's whole work. Everything is unloaded on every way out; the exit
// code is told, and the standard streams are left, before the cards are closed.
int bench_session(const BenchOptions& options, Progress& progress);

}  // namespace qaic::tools::run::bench
