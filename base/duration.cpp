#include "base/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace qaic::base {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit == "m" || unit == "min") {
    number *= 60000;
  } else if (unit.empty() || unit == "s") {
    number *= 1000;
  } else if (unit != "ms") {
    return std::nullopt;
  }
  constexpr double kDay = 24.0 * 3600 * 1000;
  if (number > kDay) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(number)));
}

}  // namespace qaic::base
