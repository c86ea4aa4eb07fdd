#include "tools/qaic-run/compare/condition.hpp"

#include <charconv>
#include <cmath>

namespace qaic::tools::run::comparing {

std::optional<Condition> parse_condition(const std::string& text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string::npos || !text.ends_with('%')) return std::nullopt;
  Condition condition;
  condition.text = text;
  condition.direction = text[at] == '>' ? Condition::Direction::above : Condition::Direction::below;
  bool known = false;
  for (const Metric metric : kMetrics) {
    if (text.substr(0, at) != metric_name(metric)) continue;
    condition.metric = metric;
    known = true;
  }
  std::size_t start = at + 1;
  if (start < text.size() && text[start] == '+' && text[start + 1] != '-') ++start;
  const char* const end = text.data() + text.size() - 1;
  double percent = 0;
  const auto read = std::from_chars(text.data() + start, end, percent);
  if (!known || read.ec != std::errc() || read.ptr != end || !std::isfinite(percent)) return std::nullopt;
  condition.limit = percent / 100;
  return condition;
}

Holds holds(const Condition& condition, const Change& change) {
  if (!change.interval) return Holds::unclear;
  const auto [low, high] = *change.interval;
  switch (condition.direction) {
    case Condition::Direction::above:
      return low > condition.limit ? Holds::yes : high <= condition.limit ? Holds::no : Holds::unclear;
    case Condition::Direction::below:
      return high < condition.limit ? Holds::yes : low >= condition.limit ? Holds::no : Holds::unclear;
  }
  return Holds::unclear;
}

}  // namespace qaic::tools::run::comparing
