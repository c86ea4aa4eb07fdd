#include "tools/qaic-run/bench/arrivals.hpp"

#include <cmath>

namespace qaic::tools::run::bench {

namespace {

constexpr double kSecond = 1e9;

// (0, 1]: the standard distributions may differ from library to library, and a
// seed should mean the same everywhere.
double uniform(std::mt19937_64& random) {
  constexpr double kStep = 1.0 / 9007199254740992.0;  // 2^-53
  return static_cast<double>((random() >> 11) + 1) * kStep;
}

std::uint64_t lane_seed(std::uint64_t seed, std::size_t lane) {
  // splitmix64's finaliser: neighbouring lanes get unrelated streams.
  std::uint64_t mixed = seed + 0x9e3779b97f4a7c15U * (lane + 1);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Arrivals::Arrivals(ArrivalKind kind, double rate, std::size_t lane, std::size_t lanes, std::uint64_t seed)
    : kind_(kind),
      gap_ns_(kSecond * static_cast<double>(lanes) / rate),
      offset_ns_(kSecond * static_cast<double>(lane) / rate),
      random_(lane_seed(seed, lane)) {}

std::int64_t Arrivals::next() {
  switch (kind_) {
    case ArrivalKind::constant:
      at_ns_ = offset_ns_ + gap_ns_ * static_cast<double>(number_++);  // no rounding error adds up
      break;
    case ArrivalKind::poisson:
      at_ns_ += -std::log(uniform(random_)) * gap_ns_;
      break;
  }
  return static_cast<std::int64_t>(at_ns_);
}

}  // namespace qaic::tools::run::bench
