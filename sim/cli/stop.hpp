// `qaic-sim stop`. Ends cards that were started.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// Arguments after the verb. The exit code.
int stop(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
