// One point of a sweep: all activations under one load, at the same time, and
// what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/qaic-run/bench/attribution.hpp"
#include "tools/qaic-run/bench/loops.hpp"
#include "tools/qaic-run/bench/stability.hpp"

namespace qaic::tools::run::bench {

struct Load {
  std::size_t depth = 1;       // most inferences in flight per activation
  std::optional<double> rate;  // open loop: per second, all activations together
  ArrivalKind arrivals = ArrivalKind::constant;
};

struct Extent {
  std::int64_t warm_up_ns = 0;
  std::int64_t duration_ns = 0;  // of measuring; ignored when counted
  std::uint64_t count = 0;       // inferences, all activations together; 0 = not counted
  std::uint64_t seed = 1;        // of Poisson arrivals
};

struct LaneResult {
  std::uint64_t inferences = 0;  // whose latency was measured
  std::uint64_t completed = 0;   // that ended within what was measured
  std::int64_t measured_ns = 0;  // 0: had no share of what was counted
  double per_second = 0;
  double p50_ns = 0;
  double p99_ns = 0;
};

struct Measurement {
  Load load;
  std::size_t depth_reached = 0;  // the most in flight of an activation
  bool queue_full = false;        // its queue took no more
  std::int64_t measured_ns = 0;   // of the lane that took longest
  std::uint64_t inferences = 0;   // as of a lane, and so is the next
  std::uint64_t completed = 0;
  double per_second = 0;
  std::uint64_t unserved = 0;
  WindowSeries series{1};
  Stability stability;
  TailAttribution attribution;
  std::string bound;
  std::vector<LaneResult> lanes;  // in the order of the ports
  bool complete = true;           // no lane failed or was interrupted
  std::optional<Error> error;     // the first of a lane, which ended all others
  std::size_t error_lane = 0;     // whose it is

  // No figure means anything: nothing ended in time, or nothing should have started.
  [[nodiscard]] bool nothing() const { return inferences == 0 || (!load.rate && completed == 0); }
};

// Called every now and then while it runs.
struct Live {
  const Load* load = nullptr;
  std::int64_t since_start_ns = 0;
  std::uint64_t recorded = 0;
};
using ShowLive = std::function<void(const Live&)>;

// A thread per port, two in an open loop. Ends early when a port is interrupted
// or fails; what was measured until then is in the result.
[[nodiscard]] Measurement measure(const std::vector<Port*>& ports, const Load& load, const Extent& extent,
                                  const ShowLive& show);

}  // namespace qaic::tools::run::bench
