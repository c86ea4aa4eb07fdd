// qaic-sim vm: runs a program in a guest with the real driver.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// `arguments` follow the verb. Gives the exit code.
int vm(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
