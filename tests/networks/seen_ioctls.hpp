// What this process last asked the driver to execute: its ioctls pass through
// here, and are only looked at.
#pragma once

#include <cstdint>
#include <vector>

namespace qaic::tests {

struct Execution {
  bool partial = false;
  std::vector<std::uint64_t> resizes;  // of PARTIAL_EXECUTE_BO, bytes by buffer
};

[[nodiscard]] const Execution& last_execution();

}  // namespace qaic::tests
