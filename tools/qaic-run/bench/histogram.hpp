// Latencies in a fixed number of log-linear buckets: each power of two is cut
// into 128 equal parts, so that a reported value is off by less than 0.4 %.
// Recording is one shift and one increment; two histograms add up to that of
// both recordings.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qaic::tools::run::bench {

class Histogram {
 public:
  static constexpr unsigned kPartBits = 7;
  static constexpr std::size_t kParts = std::size_t{1} << kPartBits;
  static constexpr unsigned kValueBits = 40;  // 2^40 ns = 18 minutes; longer ones count as that
  static constexpr std::size_t kBuckets = (kValueBits - kPartBits + 1) * kParts;
  static constexpr std::uint64_t kLargest = (std::uint64_t{1} << kValueBits) - 1;

  // The bucket of a value, and the smallest and largest value of a bucket.
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) {
    if (value > kLargest) value = kLargest;
    if (value < kParts) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kPartBits;
    return (static_cast<std::size_t>(shift) << kPartBits) + static_cast<std::size_t>(value >> shift);
  }
  [[nodiscard]] static constexpr std::uint64_t lowest(std::size_t bucket) {
    if (bucket < 2 * kParts) return bucket;
    const std::size_t shift = (bucket >> kPartBits) - 1;
    return (kParts + (bucket & (kParts - 1))) << shift;
  }
  [[nodiscard]] static constexpr std::uint64_t highest(std::size_t bucket) { return lowest(bucket + 1) - 1; }

  // The recording of `count` that `fraction` do not exceed, from 1 on.
  [[nodiscard]] static std::uint64_t rank_of(double fraction, std::uint64_t count);

  Histogram() : counts_(kBuckets, 0) {}

  void record(std::uint64_t nanoseconds) {
    ++counts_[bucket_of(nanoseconds)];
    ++count_;
    sum_ += nanoseconds;
    if (nanoseconds < smallest_) smallest_ = nanoseconds;
    if (nanoseconds > largest_) largest_ = nanoseconds;
  }
  // `times` values of a bucket, as read from a report: each counts as the
  // bucket's middle. Buckets that do not exist are ignored.
  void add(std::size_t bucket, std::uint32_t times);
  void merge(const Histogram& other);
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // All of these are 0 when nothing was recorded; smallest, largest, mean exact.
  [[nodiscard]] std::uint64_t smallest() const { return count_ == 0 ? 0 : smallest_; }
  [[nodiscard]] std::uint64_t largest() const { return largest_; }
  [[nodiscard]] double mean() const;
  // The value that `fraction` of the recordings do not exceed: the recording of
  // rank ceil(fraction * count), as the middle of its bucket and never outside
  // [smallest, largest]. fraction 0 is the smallest, 1 the largest.
  [[nodiscard]] double quantile(double fraction) const;

  [[nodiscard]] std::uint32_t in_bucket(std::size_t bucket) const { return counts_[bucket]; }

 private:
  std::vector<std::uint32_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t smallest_ = ~std::uint64_t{0};
  std::uint64_t largest_ = 0;
};

}  // namespace qaic::tools::run::bench
