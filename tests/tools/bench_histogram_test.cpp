#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tools/qaic-run/bench/histogram.hpp"

using qaic::tools::run::bench::Histogram;

namespace {

// Latencies as they come: a body, a tail, and rare stalls.
std::vector<std::uint64_t> samples(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < count; ++i) {
    const double unit = (static_cast<double>(random() >> 11) + 1) / 9007199254740992.0;
    double value = 200'000 * std::pow(unit, -0.25);                           // from 0.2 ms, heavy tail
    if (random() % 100 == 0) value += 10'000'000;                             // 10 ms stalls
    if (random() % 1000 == 0) value = static_cast<double>(random() % 5'000);  // and very short ones
    values.push_back(static_cast<std::uint64_t>(value));
  }
  return values;
}

}  // namespace

TEST_CASE("a quantile is the recording that so many do not exceed") {
  CHECK(Histogram::rank_of(0, 4) == 1);
  CHECK(Histogram::rank_of(0.5, 4) == 2);
  CHECK(Histogram::rank_of(0.5, 5) == 3);
  CHECK(Histogram::rank_of(0.99, 100) == 99);
  CHECK(Histogram::rank_of(0.99, 101) == 100);
  CHECK(Histogram::rank_of(1, 7) == 7);
}

TEST_CASE("every value is in the bucket whose bounds hold it") {
  const auto holds = [](std::uint64_t value) {
    const std::size_t bucket = Histogram::bucket_of(value);
    return bucket < Histogram::kBuckets && Histogram::lowest(bucket) <= value &&
           value <= Histogram::highest(bucket);
  };
  for (std::uint64_t value = 0; value < 100'000; ++value) REQUIRE(holds(value));
  for (unsigned bit = 16; bit < Histogram::kValueBits; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 3}) REQUIRE(holds(value));
  }
  CHECK(Histogram::bucket_of(Histogram::kLargest) == Histogram::kBuckets - 1);
  CHECK(Histogram::bucket_of(~std::uint64_t{0}) == Histogram::kBuckets - 1);
}

TEST_CASE("buckets follow each other without gaps, each at most 1/128 wide") {
  for (std::size_t bucket = 1; bucket < Histogram::kBuckets; ++bucket) {
    REQUIRE(Histogram::lowest(bucket) == Histogram::highest(bucket - 1) + 1);
    const auto width = static_cast<double>(Histogram::highest(bucket) - Histogram::lowest(bucket));
    REQUIRE(width <= static_cast<double>(Histogram::lowest(bucket)) / 128);
  }
}

TEST_CASE("quantiles are within 1 % of those of the sorted samples") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    for (const std::size_t count : {1U, 2U, 10U, 999U, 50'000U}) {
      auto values = samples(seed, count);
      Histogram histogram;
      for (const auto value : values) histogram.record(value);
      std::sort(values.begin(), values.end());
      double worst = 0;
      for (const double fraction : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(count)));
        const auto exact = static_cast<double>(values[rank == 0 ? 0 : rank - 1]);
        worst = std::max(worst, std::abs(histogram.quantile(fraction) - exact) / std::max(exact, 1.0));
      }
      INFO("seed ", seed, ", ", count, " samples, worst error ", worst);
      CHECK(worst <= 0.01);
      CHECK(histogram.smallest() == values.front());
      CHECK(histogram.largest() == values.back());
    }
  }
}

TEST_CASE("the mean is exact") {
  Histogram histogram;
  for (const std::uint64_t value : {1'000'003U, 2'000'005U, 9'000'001U}) histogram.record(value);
  CHECK(histogram.mean() == doctest::Approx(4'000'003.0).epsilon(1e-12));
}

TEST_CASE("merged histograms equal one that recorded everything") {
  const auto left = samples(7, 3000);
  const auto right = samples(8, 5000);
  Histogram a, b, both;
  for (const auto value : left) a.record(value);
  for (const auto value : right) b.record(value);
  for (const auto* values : {&left, &right}) {
    for (const auto value : *values) both.record(value);
  }
  a.merge(b);
  a.merge(Histogram());
  CHECK(a.count() == both.count());
  CHECK(a.mean() == both.mean());
  CHECK(a.smallest() == both.smallest());
  CHECK(a.largest() == both.largest());
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    REQUIRE(a.in_bucket(bucket) == both.in_bucket(bucket));
  }
}

TEST_CASE("an empty histogram answers zero, and a cleared one is empty") {
  Histogram histogram;
  CHECK(histogram.quantile(0.5) == 0);
  CHECK(histogram.smallest() == 0);
  histogram.record(77);
  histogram.clear();
  CHECK(histogram.count() == 0);
  CHECK(histogram.mean() == 0);
  CHECK(histogram.largest() == 0);
  CHECK(histogram.in_bucket(77) == 0);
}

TEST_CASE("counts that are put back by bucket give the same quantiles") {
  const auto values = samples(9, 20'000);
  Histogram original, copy;
  for (const auto value : values) original.record(value);
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    copy.add(bucket, original.in_bucket(bucket));
  }
  copy.add(Histogram::kBuckets, 5);  // no such bucket
  CHECK(copy.count() == original.count());
  for (const double fraction : {0.5, 0.9, 0.99, 0.999}) {
    CHECK(copy.quantile(fraction) == doctest::Approx(original.quantile(fraction)).epsilon(1e-6));
  }
}
