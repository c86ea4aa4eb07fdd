// `qaic-sim status`. Tells about cards that were started.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// Arguments after the verb. The exit code.
int status(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
