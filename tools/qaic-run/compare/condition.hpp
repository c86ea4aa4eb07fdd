// What makes a comparison fail: 'p99>+5%'.
#pragma once

#include <optional>
#include <string>

#include "tools/qaic-run/compare/change.hpp"

namespace qaic::tools::run::comparing {

struct Condition {
  enum class Direction { above, below };
  std::string text;
  Metric metric = Metric::p99;
  Direction direction = Direction::above;
  double limit = 0;  // of Change::ratio: 0.05
};

// METRIC, < or >, a signed number and %. Nothing if it is none.
[[nodiscard]] std::optional<Condition> parse_condition(const std::string& text);

// Whether it holds: yes or no when the whole interval says so.
enum class Holds { no, unclear, yes };
[[nodiscard]] Holds holds(const Condition& condition, const Change& change);

}  // namespace qaic::tools::run::comparing
