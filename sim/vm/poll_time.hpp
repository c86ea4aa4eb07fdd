// A deadline as poll(2) wants it.
#pragma once

#include <algorithm>
#include <chrono>

namespace qaic::sim::vm {

// Milliseconds from now, rounded up; 0 when it has passed; at most an hour.
[[nodiscard]] inline int poll_milliseconds(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3600 * 1000));
}

}  // namespace qaic::sim::vm
