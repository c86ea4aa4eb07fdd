// How long the function's answers took: from the moment a read was here to the
// moment its answer was handed to the kernel.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace qaic::sim::vfio {

class Statistics {
 public:
  void add_read(std::chrono::nanoseconds took);
  // `copied`: bytes that moved between guest and card before it was done.
  void add_write(std::chrono::nanoseconds took, std::uint64_t copied);

  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t writes() const { return writes_; }
  // The time that `share` (0 to 1) of the reads kept, to 50 ns; nothing without
  // reads, or when it lies above a millisecond.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> read_time(double share) const;
  // Bytes per second of the writes that copied kLargeCopy or more, all that was
  // done for them included: the median of the last ones. Nothing without any.
  [[nodiscard]] std::optional<double> copy_rate() const;
  static constexpr std::uint64_t kLargeCopy = 1U << 20;
  // One line: "reads=12 writes=40 read_median_us=3.1 read_p99_us=8.0 read_max_us=20.5
  // copies=8 copy_mib_per_s=9000".
  [[nodiscard]] std::string line() const;

 private:
  static constexpr std::int64_t kStep = 50;  // ns
  std::array<std::uint32_t, 20000> counts_{};
  std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
  std::chrono::nanoseconds longest_{};
  std::array<double, 512> rates_{};  // bytes per second, of the last large copies
  std::uint64_t copies_ = 0;
};

}  // namespace qaic::sim::vfio
