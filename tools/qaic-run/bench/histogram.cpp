#include "tools/qaic-run/bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace qaic::tools::run::bench {

namespace {

double middle(std::size_t bucket) {
  return (static_cast<double>(Histogram::lowest(bucket)) + static_cast<double>(Histogram::highest(bucket))) /
         2;
}

}  // namespace

void Histogram::add(std::size_t bucket, std::uint32_t times) {
  if (bucket >= kBuckets || times == 0) return;
  counts_[bucket] += times;
  count_ += times;
  const auto value = static_cast<std::uint64_t>(middle(bucket));
  sum_ += value * times;
  smallest_ = std::min(smallest_, value);
  largest_ = std::max(largest_, value);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  const std::size_t end = bucket_of(other.largest_) + 1;
  for (std::size_t bucket = bucket_of(other.smallest_); bucket < end; ++bucket) {
    counts_[bucket] += other.counts_[bucket];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  smallest_ = std::min(smallest_, other.smallest_);
  largest_ = std::max(largest_, other.largest_);
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  sum_ = 0;
  smallest_ = ~std::uint64_t{0};
  largest_ = 0;
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::rank_of(double fraction, std::uint64_t count) {
  const double wanted = std::ceil(fraction * static_cast<double>(count));
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1, count);
}

double Histogram::quantile(double fraction) const {
  if (count_ == 0) return 0;
  if (fraction <= 0) return static_cast<double>(smallest_);
  const std::uint64_t rank = rank_of(fraction, count_);
  if (rank == count_) return static_cast<double>(largest_);
  std::uint64_t below = 0;
  for (std::size_t bucket = bucket_of(smallest_); bucket < kBuckets; ++bucket) {
    below += counts_[bucket];
    if (below < rank) continue;
    return std::clamp(middle(bucket), static_cast<double>(smallest_), static_cast<double>(largest_));
  }
  return static_cast<double>(largest_);
}

}  // namespace qaic::tools::run::bench
