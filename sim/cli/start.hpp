// `qaic-sim start`. Starts cards that outlive the command, and several runs join.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// Arguments after the verb. The exit code.
int start(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
