// Durations as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace qaic::base {

// "500ms", "5s", "2m" or "2min", or a plain number of seconds; from 0 to a day,
// to the next whole millisecond. Nothing if it is none.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace qaic::base
