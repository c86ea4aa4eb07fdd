// Clocks and DRAM traffic of the card: PERFORMANCE_INFO.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "wire/nnc.hpp"

namespace qaic::sim::device {

class Telemetry {
 public:
  explicit Telemetry(unsigned nsp_count) : nsp_count_(nsp_count) {}

  // `bytes` moved to or from DDR at `now` (monotonic).
  void moved(std::chrono::nanoseconds now, std::uint64_t bytes);
  // Mean of the last 100 ms, in KB (1024 bytes) per second.
  [[nodiscard]] std::uint64_t dram_bandwidth(std::chrono::nanoseconds now) const;
  [[nodiscard]] wire::nnc::PerformanceInfo info(std::chrono::nanoseconds now) const;

 private:
  static constexpr std::chrono::milliseconds kWindow{100};
  static constexpr std::size_t kSlots = 20;
  static constexpr std::chrono::nanoseconds kSlot = std::chrono::milliseconds(5);
  static_assert(kSlot * kSlots == kWindow);
  struct Slot {
    std::int64_t number = -1;  // which 5 ms since the clock's start
    std::uint64_t bytes = 0;
  };

  unsigned nsp_count_;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace qaic::sim::device
