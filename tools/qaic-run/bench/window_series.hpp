// Inferences and their latencies cut into windows of equal length by the time
// they ended, for how steady a run was and how sure its quantiles are. A run that becomes longer
// than planned makes the windows longer, not more.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tools/qaic-run/bench/histogram.hpp"

namespace qaic::tools::run::bench {

class WindowSeries {
 public:
  static constexpr std::size_t kMost = 40;

  explicit WindowSeries(std::int64_t width_ns);

  // An inference that ended `at_ns` after the beginning; times never decrease.
  void record(std::int64_t at_ns, std::uint64_t latency_ns) {
    count(at_ns);
    windows_[current_].record(latency_ns);
  }
  // The same of one whose latency is not of what is measured.
  void count(std::int64_t at_ns) {
    if (at_ns >= current_end_ns_) advance(at_ns);
    ++ended_[current_];
  }
  // One that did not end, but waited so long: a latency alone.
  void wait(std::int64_t at_ns, std::uint64_t latency_ns) {
    if (at_ns >= current_end_ns_) advance(at_ns);
    windows_[current_].record(latency_ns);
  }
  // Adds what another series, with the same first width, recorded beside this.
  void merge(WindowSeries other);

  [[nodiscard]] std::int64_t width_ns() const { return width_ns_; }
  // Before any of them had to become longer.
  [[nodiscard]] std::int64_t first_width_ns() const { return first_width_ns_; }
  // From the first to the last that was recorded into: latencies, and how many ended.
  [[nodiscard]] std::span<const Histogram> windows() const { return {windows_.data(), used()}; }
  [[nodiscard]] std::span<const std::uint64_t> ended() const { return {ended_.data(), used()}; }
  [[nodiscard]] Histogram total() const;

 private:
  void advance(std::int64_t at_ns);
  void widen();
  [[nodiscard]] std::size_t used() const;

  std::int64_t first_width_ns_;
  std::int64_t width_ns_;
  std::int64_t current_end_ns_;
  std::size_t current_ = 0;
  std::vector<Histogram> windows_;
  std::vector<std::uint64_t> ended_;
};

}  // namespace qaic::tools::run::bench
