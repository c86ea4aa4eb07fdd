#include "tools/qaic-run/bench/window_series.hpp"

#include <algorithm>
#include <utility>

namespace qaic::tools::run::bench {

WindowSeries::WindowSeries(std::int64_t width_ns)
    : first_width_ns_(std::max<std::int64_t>(width_ns, 1)),
      width_ns_(first_width_ns_),
      current_end_ns_(width_ns_),
      windows_(kMost),
      ended_(kMost) {}

void WindowSeries::advance(std::int64_t at_ns) {
  while (at_ns / width_ns_ >= static_cast<std::int64_t>(kMost)) widen();
  current_ = static_cast<std::size_t>(at_ns / width_ns_);
  current_end_ns_ = width_ns_ * static_cast<std::int64_t>(current_ + 1);
}

void WindowSeries::widen() {
  for (std::size_t i = 0; i < kMost; ++i) {
    if (i % 2 == 1) {
      windows_[i / 2].merge(windows_[i]);
    } else if (i != 0) {
      std::swap(windows_[i / 2], windows_[i]);
    }
    if (i != 0) windows_[i].clear();
    const std::uint64_t ended = std::exchange(ended_[i], 0);
    ended_[i / 2] += ended;
  }
  width_ns_ *= 2;
  current_ /= 2;
  current_end_ns_ = width_ns_ * static_cast<std::int64_t>(current_ + 1);
}

void WindowSeries::merge(WindowSeries other) {
  while (width_ns_ < other.width_ns_) widen();
  while (other.width_ns_ < width_ns_) other.widen();
  for (std::size_t i = 0; i < kMost; ++i) {
    windows_[i].merge(other.windows_[i]);
    ended_[i] += other.ended_[i];
  }
}

std::size_t WindowSeries::used() const {
  std::size_t used = kMost;
  while (used > 0 && windows_[used - 1].count() == 0 && ended_[used - 1] == 0) --used;
  return used;
}

Histogram WindowSeries::total() const {
  Histogram all;
  for (const auto& window : windows_) all.merge(window);
  return all;
}

}  // namespace qaic::tools::run::bench
