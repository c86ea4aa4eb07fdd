// Running a program on cards that another process keeps.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

// The program's exit code. Error ids: sim-stopped (the cards went away under
// it; it is killed then), namespace-user, and those of syscall::Program.
[[nodiscard]] base::Result<int> run_joined(Link link, const std::vector<std::string>& command);

}  // namespace qaic::sim::cli
