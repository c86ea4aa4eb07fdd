// Durations on the command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace qaic::sim::vm {

// "500ms", "5s", "5", "2m"; above zero, at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(const std::string& text);

}  // namespace qaic::sim::vm
