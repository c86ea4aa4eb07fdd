// `qaic-sim serve`: one SoC behind a vfio-user socket.
#pragma once

#include <string>
#include <vector>

namespace qaic::sim::cli {

// Gives the exit code.
int serve(std::vector<std::string> arguments);

}  // namespace qaic::sim::cli
