#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tools/qaic-run/bench/stability.hpp"
#include "tools/qaic-run/bench/window_series.hpp"

using namespace qaic::tools::run::bench;
using Verdict = Stability::Verdict;

TEST_CASE("a window holds what ended in it") {
  WindowSeries series(100);
  series.record(0, 1);
  series.record(99, 2);
  series.record(100, 3);
  series.record(350, 4);
  REQUIRE(series.windows().size() == 4);
  CHECK(series.windows()[0].count() == 2);
  CHECK(series.windows()[1].largest() == 3);
  CHECK(series.windows()[2].count() == 0);
  CHECK(series.windows()[3].largest() == 4);
  CHECK(series.total().count() == 4);
  series.count(351);
  series.count(400);
  REQUIRE(series.ended().size() == 5);
  CHECK(series.ended()[0] == 2);
  CHECK(series.ended()[3] == 2);
  CHECK(series.ended()[4] == 1);
  CHECK(series.total().count() == 4);
}

TEST_CASE("windows grow when there would be too many, and lose nothing") {
  WindowSeries series(10);
  for (std::int64_t at = 0; at < 10'000; at += 5) series.record(at, static_cast<std::uint64_t>(at));
  CHECK(series.width_ns() == 320);
  CHECK(series.windows().size() == 32);
  CHECK(series.total().count() == 2000);
  for (std::size_t i = 0; i < 31; ++i) {
    REQUIRE(series.windows()[i].count() == 64);
    REQUIRE(series.ended()[i] == 64);
    REQUIRE(series.windows()[i].smallest() == 320 * i);
  }
}

TEST_CASE("series of different length add up window by window") {
  WindowSeries shorter(10), longer(10), both(10);
  for (std::int64_t at = 0; at < 5000; at += 7) {
    longer.record(at, 1);
    both.record(at, 1);
    if (at < 300) {
      shorter.record(at, 2);
      both.record(at, 2);
    }
  }
  for (auto* base : {&shorter, &longer}) {
    WindowSeries sum = *base;
    sum.merge(base == &shorter ? longer : shorter);
    CHECK(sum.width_ns() == both.width_ns());
    REQUIRE(sum.windows().size() == both.windows().size());
    for (std::size_t i = 0; i < sum.windows().size(); ++i) {
      CHECK(sum.windows()[i].count() == both.windows()[i].count());
      CHECK(sum.ended()[i] == both.ended()[i]);
    }
  }
}

TEST_CASE("steady throughput is stable, for each kind of noise") {
  CHECK(judge_stability(std::vector<std::uint64_t>{100, 101, 99, 100, 100, 101, 99, 100}, Noise::counting)
            .verdict == Verdict::stable);
  std::mt19937_64 random(5);
  std::poisson_distribution<std::uint64_t> arrivals(50);
  std::vector<std::uint64_t> counts(20);
  int stable = 0;
  for (int run = 0; run < 100; ++run) {
    for (auto& count : counts) count = arrivals(random);
    stable += judge_stability(counts, Noise::poisson).verdict == Verdict::stable ? 1 : 0;
    CHECK(judge_stability(counts, Noise::counting).verdict == Verdict::not_stable);
  }
  CHECK(stable >= 97);
}

TEST_CASE("what ends together makes windows vary, and is allowed to") {
  // Eight at a time every 100 ms, windows of 250 ms.
  const std::vector<std::uint64_t> bursts{16, 24, 16, 24, 16, 24, 16, 24, 16, 24};
  CHECK(judge_stability(bursts, Noise::counting, 8).verdict == Verdict::stable);
  CHECK(judge_stability(bursts, Noise::counting).verdict == Verdict::not_stable);
  const std::vector<std::uint64_t> stalls{16, 24, 0, 0, 16, 24, 16, 24, 0, 0};
  CHECK(judge_stability(stalls, Noise::counting, 8).verdict == Verdict::not_stable);
}

TEST_CASE("throughput that varies or drifts is not stable") {
  const auto varies =
      judge_stability(std::vector<std::uint64_t>{100, 120, 80, 110, 90, 125, 75, 100}, Noise::counting);
  CHECK(varies.verdict == Verdict::not_stable);
  CHECK(varies.variation > varies.allowed);
  const auto drifts = judge_stability(
      std::vector<std::uint64_t>{1000, 1000, 1000, 1000, 1000, 1000, 920, 920, 920, 920, 920, 920},
      Noise::counting);
  CHECK(drifts.variation < drifts.allowed);
  CHECK(drifts.drift == doctest::Approx(-0.083).epsilon(0.01));
  CHECK(drifts.verdict == Verdict::not_stable);
}

TEST_CASE("few windows, or few inferences in them, are no verdict") {
  CHECK(judge_stability({}, Noise::counting).verdict == Verdict::too_short);
  CHECK(judge_stability(std::vector<std::uint64_t>{100, 100, 100}, Noise::counting).verdict ==
        Verdict::too_short);
  CHECK(judge_stability(std::vector<std::uint64_t>(20, 3), Noise::counting).verdict == Verdict::too_short);
}
