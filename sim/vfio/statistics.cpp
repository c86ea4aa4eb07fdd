#include "sim/vfio/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace qaic::sim::vfio {

void Statistics::add_read(std::chrono::nanoseconds took) {
  ++reads_;
  longest_ = std::max(longest_, took);
  const auto at = static_cast<std::size_t>(std::max<std::int64_t>(took.count(), 0) / kStep);
  if (at < counts_.size()) ++counts_[at];
}

void Statistics::add_write(std::chrono::nanoseconds took, std::uint64_t copied) {
  ++writes_;
  if (copied < kLargeCopy || took.count() <= 0) return;
  rates_[copies_++ % rates_.size()] = static_cast<double>(copied) * 1e9 / static_cast<double>(took.count());
}

std::optional<double> Statistics::copy_rate() const {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(copies_, rates_.size()));
  if (count == 0) return std::nullopt;
  std::vector<double> rates(rates_.begin(), rates_.begin() + static_cast<std::ptrdiff_t>(count));
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

std::optional<std::chrono::nanoseconds> Statistics::read_time(double share) const {
  if (reads_ == 0) return std::nullopt;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(reads_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) {
      return std::chrono::nanoseconds((static_cast<std::int64_t>(i) + 1) * kStep);
    }
  }
  return std::nullopt;
}

std::string Statistics::line() const {
  const auto microseconds = [](std::optional<std::chrono::nanoseconds> time) -> std::string {
    if (!time) return "unknown";
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", static_cast<double>(time->count()) / 1000);
    return text;
  };
  std::string out = "reads=" + std::to_string(reads_) + " writes=" + std::to_string(writes_);
  out += " read_median_us=" + microseconds(read_time(0.5));
  out += " read_p99_us=" + microseconds(read_time(0.99));
  out += " read_max_us=" + microseconds(reads_ == 0 ? std::nullopt : std::optional(longest_));
  out += " copies=" + std::to_string(copies_) + " copy_mib_per_s=";
  const auto rate = copy_rate();
  out += rate ? std::to_string(static_cast<std::uint64_t>(*rate / (1U << 20))) : "unknown";
  return out;
}

}  // namespace qaic::sim::vfio
