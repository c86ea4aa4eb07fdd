#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

#include "tools/qaic-run/bench/arrivals.hpp"

using qaic::tools::run::bench::ArrivalKind;
using qaic::tools::run::bench::Arrivals;

TEST_CASE("constant arrivals keep their distance, without drift after a million") {
  Arrivals arrivals(ArrivalKind::constant, 3000, 0, 1, 1);
  std::int64_t at = 0;
  for (int i = 0; i <= 1'000'000; ++i) at = arrivals.next();
  CHECK(std::abs(at - 333'333'333'333) <= 1);
}

TEST_CASE("constant arrivals of several lanes take turns at equal distances") {
  std::set<std::int64_t> all;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    Arrivals arrivals(ArrivalKind::constant, 1000, lane, 4, 1);
    for (int i = 0; i < 25; ++i) all.insert(arrivals.next());
  }
  REQUIRE(all.size() == 100);
  std::int64_t wanted = 0;
  for (const auto at : all) {
    CHECK(at == wanted);
    wanted += 1'000'000;
  }
}

TEST_CASE("Poisson arrivals have the rate and the spread of a Poisson process") {
  Arrivals arrivals(ArrivalKind::poisson, 2000, 0, 1, 42);
  constexpr int kCount = 200'000;
  double sum = 0, squares = 0;
  std::int64_t last = 0;
  for (int i = 0; i < kCount; ++i) {
    const std::int64_t at = arrivals.next();
    REQUIRE(at >= last);
    const auto gap = static_cast<double>(at - last);
    sum += gap;
    squares += gap * gap;
    last = at;
  }
  const double mean = sum / kCount;
  const double deviation = std::sqrt(squares / kCount - mean * mean);
  CHECK(mean == doctest::Approx(500'000).epsilon(0.01));
  CHECK(deviation == doctest::Approx(mean).epsilon(0.01));  // exponential gaps
}

TEST_CASE("a seed repeats its arrivals; seeds and lanes differ from each other") {
  const auto first = [](std::size_t lane, std::uint64_t seed) {
    Arrivals arrivals(ArrivalKind::poisson, 1000, lane, 2, seed);
    std::vector<std::int64_t> all(50);
    for (auto& at : all) at = arrivals.next();
    return all;
  };
  CHECK(first(0, 5) == first(0, 5));
  CHECK(first(0, 5) != first(1, 5));
  CHECK(first(0, 5) != first(0, 6));
}

TEST_CASE("lanes together get the rate") {
  std::size_t within_a_second = 0;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    Arrivals arrivals(ArrivalKind::poisson, 40'000, lane, 8, 3);
    while (arrivals.next() < 1'000'000'000) ++within_a_second;
  }
  CHECK(static_cast<double>(within_a_second) == doctest::Approx(40'000).epsilon(0.02));
}
