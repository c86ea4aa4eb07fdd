// What the samples of a run say together: the mean share of each stage, the
// same for the slowest inferences, and one sentence about what bounds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/qaic-run/bench/histogram.hpp"
#include "tools/qaic-run/bench/stage_sampler.hpp"

namespace qaic::tools::run::bench {

struct Attribution {
  std::size_t samples = 0;
  Stages mean;
};

struct TailAttribution {
  Attribution all;
  Attribution slow;          // of those not below `slow_from_ns`
  double slow_fraction = 0;  // 0.001: they are the slowest 0.1 %
  std::uint64_t slow_from_ns = 0;
};

[[nodiscard]] Attribution attribute(const std::vector<StageSample>& samples, std::uint64_t from_ns);
// The slow ones are those from the 99.9th percentile on; from the 99th, or the
// slowest, where too few of them were asked about.
[[nodiscard]] TailAttribution attribute(const std::vector<const StageSampler*>& samplers,
                                        const Histogram& latencies);

// What a sentence needs to know of the run.
struct Bound {
  enum class Loop { closed, open };
  Loop loop = Loop::closed;
  std::size_t depth = 1;          // inferences in flight per activation
  double per_second = 0;          // of one activation
  double offered_per_second = 0;  // open loop, of one activation
  enum class Rate { reached, missed };
  Rate rate = Rate::reached;  // open loop: whether arrivals found room
};
// One sentence; empty when the driver said nothing.
[[nodiscard]] std::string bound_sentence(const TailAttribution& attribution, const Bound& bound);
// One sentence about the slow ones; empty when there is nothing to say.
[[nodiscard]] std::string tail_sentence(const TailAttribution& attribution);

// "1.23 ms", "45.6 µs": three digits and a unit.
[[nodiscard]] std::string duration_text(double nanoseconds);

}  // namespace qaic::tools::run::bench
