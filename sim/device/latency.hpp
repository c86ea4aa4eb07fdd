// How long an inference takes on the card: a model that whoever starts the card
// chooses, not a measurement of hardware. Without one the card is as fast as
// the machine that simulates it.
#pragma once

#include <chrono>
#include <cstdint>

namespace qaic::sim::device {

struct Latency {
  // none: what executing takes and no more. constant: `first`. uniform: from
  // `first` to `second`. normal: mean `first`, deviation `second`, never below
  // 0. exponential: mean `first`.
  enum class Shape { none, constant, uniform, normal, exponential };

  Shape shape = Shape::none;
  std::chrono::nanoseconds first{0};
  std::chrono::nanoseconds second{0};
  double stall_share = 0;             // of the inferences, 0 to 1
  std::chrono::nanoseconds stall{0};  // that these take longer
  unsigned depth = 0;                 // inferences under way at once; 0: as many as the host queues
  std::uint64_t seed = 1;
  // False: networks are not executed. Data is moved, no request waits for a
  // semaphore, and what comes out is whatever the card's memory held.
  bool execute = true;

  [[nodiscard]] bool is_modelled() const { return shape != Shape::none || !execute; }
};

// The times of one activation's inferences, one after the other: the same for
// the same model and stream.
class LatencyTimes {
 public:
  // `stream` tells activations and cards with the same seed apart.
  LatencyTimes(const Latency& model, std::uint64_t stream);

  std::chrono::nanoseconds next();

 private:
  std::uint64_t number();
  double share();  // [0, 1)
  double shape();  // nanoseconds

  Latency model_;
  std::uint64_t state_;
};

}  // namespace qaic::sim::device
