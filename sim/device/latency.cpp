#include "sim/device/latency.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qaic::sim::device {

LatencyTimes::LatencyTimes(const Latency& model, std::uint64_t stream) : model_(model), state_(model.seed) {
  state_ = number() ^ stream;
}

// The generator known as splitmix64: a counter and a mixing function (Steele,
// Lea, Flood, OOPSLA 2014).
std::uint64_t LatencyTimes::number() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

double LatencyTimes::share() {
  return static_cast<double>(number() >> 11) * 0x1p-53;
}

// Two numbers whatever the shape, so that stalls hit the same inferences with
// any.
double LatencyTimes::shape() {
  const double a = share();
  const double b = share();
  const auto first = static_cast<double>(model_.first.count());
  const auto second = static_cast<double>(model_.second.count());
  switch (model_.shape) {
    case Latency::Shape::none:
      return 0;
    case Latency::Shape::constant:
      return first;
    case Latency::Shape::uniform:
      return first + a * (second - first);
    case Latency::Shape::normal:  // Box and Muller's transform
      return std::max(0.0,
                      first + second * std::sqrt(-2 * std::log(1 - a)) * std::cos(2 * std::numbers::pi * b));
    case Latency::Shape::exponential:
      return -first * std::log(1 - a);
  }
  return 0;
}

std::chrono::nanoseconds LatencyTimes::next() {
  const auto time = std::chrono::nanoseconds(static_cast<std::int64_t>(shape()));
  return share() < model_.stall_share ? time + model_.stall : time;
}

}  // namespace qaic::sim::device
