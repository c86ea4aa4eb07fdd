// A histogram drawn with characters, and text broken into lines.
#pragma once

#include <string>
#include <string_view>

#include "tools/qaic-run/bench/histogram.hpp"

namespace qaic::tools::run::bench {

// At most 15 lines of at most 80 columns: equal steps up to the 99th
// percentile, and one line for all above. Empty for an empty histogram.
[[nodiscard]] std::string text_histogram(const Histogram& latencies);

// Breaks at spaces so that no line is longer than 80 columns; `indent` spaces
// before each.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent);

// Columns of UTF-8 text whose characters are one column wide.
[[nodiscard]] std::size_t columns(std::string_view text);
// With spaces before it, to so many columns.
[[nodiscard]] std::string right(std::string_view text, std::size_t width);

}  // namespace qaic::tools::run::bench
