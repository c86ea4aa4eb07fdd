// The latency model of a simulated card as text:
//   TIME | uniform:LEAST:MOST | normal:MEAN:DEVIATION | exp:MEAN
//   and then, each at most once, ,stall=SHARE%:TIME ,depth=N ,seed=N ,execute=off
// TIME is a number with ns, us, ms or s (0 needs none), at most an hour.
#pragma once

#include <optional>
#include <string_view>

#include "sim/device/latency.hpp"

namespace qaic::sim::cli {

// Nothing if it is not of that form.
[[nodiscard]] std::optional<device::Latency> parse_latency(std::string_view text);

// The form in one line, for hints and help texts.
inline constexpr std::string_view kLatencyForm =
    "TIME, uniform:LEAST:MOST, normal:MEAN:DEVIATION or exp:MEAN, then any of ,stall=SHARE%:TIME ,depth=N "
    ",seed=N ,execute=off; a TIME is such as 2ms or 150us";

}  // namespace qaic::sim::cli
