// What the host already has of what the simulation adds.
#pragma once

#include <string>

#include "sim/syscall/topology.hpp"

namespace qaic::sim::cli {

[[nodiscard]] syscall::Taken taken_on_host();
// List of the host's CPUs, "0-7".
[[nodiscard]] std::string online_cpus();

}  // namespace qaic::sim::cli
