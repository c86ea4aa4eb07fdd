// qaic-sim run: a program on simulated cards.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// `arguments` without "qaic-sim run". Gives the exit code.
int run(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
