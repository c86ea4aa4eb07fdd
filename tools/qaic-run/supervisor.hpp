// The process that the user started: has a worker use the card, and ends in
// time when the card, and with it the worker, does not.
#pragma once

#include <string>
#include <vector>

#include "tools/qaic-run/options.hpp"

namespace qaic::tools::run {

// argv[1] of the worker, which is this same program. Not argv[0]: emulators and
// valgrind put a path there.
inline constexpr const char* kWorkerMark = "--as-worker";

// Runs `arguments` (those of the command line, `options` among them) in a worker.
// Gives the worker's exit code; that of a deadline, with a document of that
// schema, when it was not heard of in time.
int supervise(const GlobalOptions& options, const std::string& schema,
              const std::vector<std::string>& arguments);

}  // namespace qaic::tools::run
