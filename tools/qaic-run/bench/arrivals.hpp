// When inferences are meant to start in an open loop: at instants that do not
// depend on how long earlier ones take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace qaic::tools::run::bench {

enum class ArrivalKind { constant, poisson };

// The arrivals of one of `lanes` equal lanes that together get `rate`
// inferences per second: constant ones take turns at equal distances, Poisson
// ones are independent, with a seed of their own made of `seed` and the lane.
class Arrivals {
 public:
  Arrivals(ArrivalKind kind, double rate, std::size_t lane, std::size_t lanes, std::uint64_t seed);

  // Nanoseconds from the beginning to the next arrival; never decreases.
  [[nodiscard]] std::int64_t next();

 private:
  ArrivalKind kind_;
  double gap_ns_;  // mean distance within this lane
  double offset_ns_;
  std::uint64_t number_ = 0;
  double at_ns_ = 0;
  std::mt19937_64 random_;
};

}  // namespace qaic::tools::run::bench
