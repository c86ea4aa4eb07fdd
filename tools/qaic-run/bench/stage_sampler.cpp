#include "tools/qaic-run/bench/stage_sampler.hpp"

#include <algorithm>

namespace qaic::tools::run::bench {

StageSampler::StageSampler() {
  any_.samples.reserve(kMost);
  slow_.samples.reserve(kMost);
}

void StageSampler::Kind::keep(const StageSample& sample) {
  if (samples.size() < kMost) {
    samples.push_back(sample);
  } else {
    samples[taken % kMost] = sample;
  }
  ++taken;
}

void StageSampler::add(const StageSample& sample, std::int64_t cost_ns) {
  // Far more than usual is not what asking costs: something else ran meanwhile.
  if (cost_ns_ != 0) cost_ns = std::min(cost_ns, 4 * cost_ns_);
  cost_ns_ = cost_ns_ == 0 ? cost_ns : (cost_ns_ * 7 + cost_ns) / 8;
  if (for_any_) {
    any_.funds -= cost_ns;
    any_.keep(sample);
    // The first samples come close together, so that a short run has some too.
    until_any_ = static_cast<std::int64_t>(std::min<std::uint64_t>(any_.taken / 4, 64)) + 1;
  } else {
    slow_.funds -= cost_ns;
  }
  if (for_slow_) slow_.keep(sample);
}

}  // namespace qaic::tools::run::bench
