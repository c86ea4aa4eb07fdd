// How much a figure changed from one run to another, and how sure that is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/qaic-run/compare/saved_report.hpp"

namespace qaic::tools::run::comparing {

enum class Metric { throughput, mean, p50, p90, p95, p99, p99_9 };
inline constexpr std::array<Metric, 7> kMetrics{Metric::throughput, Metric::mean, Metric::p50,  Metric::p90,
                                                Metric::p95,        Metric::p99,  Metric::p99_9};
// "throughput", "p99.9".
[[nodiscard]] std::string_view metric_name(Metric metric);

// What a run does not say is absent: latencies where there are none, throughput
// without a whole window.
struct Change {
  std::optional<double> a;  // nanoseconds, or inferences per second
  std::optional<double> b;
  std::optional<double> ratio;  // b / a - 1
  // Its 95 % interval. None when too little was measured: fewer than 6 windows,
  // or fewer than 10 inferences beyond the quantile.
  std::optional<std::pair<double, double>> interval;
};

// The interval is a bootstrap over the windows of each run, as much wider as
// Student's t asks for so few: what varies from window to window, and is alike
// within one, makes it as wide as it should be. It is about these two runs; what
// varies from start to start is not in it. Repeatable. In the order of kMetrics.
[[nodiscard]] std::vector<Change> changes_of(const SavedPoint& a, const SavedPoint& b);

}  // namespace qaic::tools::run::comparing
