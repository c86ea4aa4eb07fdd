// Chooses the inferences whose figures are asked of the driver, so that asking
// costs at most 50 ns per inference on average: some of all, and of the slow
// ones as many as can be, because they explain the tail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tools/qaic-run/bench/stages.hpp"

namespace qaic::tools::run::bench {

struct StageSample {
  std::uint64_t latency_ns = 0;
  Stages stages;
};

class StageSampler {
 public:
  // Each of the two kinds has this much to spend per inference, and this much
  // to begin with; nanoseconds.
  static constexpr std::int64_t kEarned = 25;
  static constexpr std::int64_t kInitial = 1'000'000;
  static constexpr std::size_t kMost = 8192;  // of each kind; later ones replace the oldest

  StageSampler();

  // Whether to ask about the inference that just ended; then add() it.
  [[nodiscard]] bool wants(std::uint64_t latency_ns) {
    any_.funds += kEarned;
    slow_.funds += kEarned;
    const bool slow = observe(latency_ns);
    for_any_ = --until_any_ <= 0 && any_.funds >= cost_ns_;
    for_slow_ = slow && (for_any_ || slow_.funds >= cost_ns_);
    return for_any_ || for_slow_;
  }
  // `cost_ns`: how long asking took.
  void add(const StageSample& sample, std::int64_t cost_ns);
  // Learns what is slow: longer than 99 % of what came lately. The bound rises
  // with each that is above it and sinks a little with each that is not, so
  // that one in a hundred is. Gives whether this one is.
  bool observe(std::uint64_t latency_ns) {
    const auto latency = static_cast<double>(latency_ns);
    if (slow_above_ns_ == 0) slow_above_ns_ = latency;
    const bool slow = latency > slow_above_ns_;
    slow_above_ns_ *= slow ? 1 + kStep : 1 - kStep / 99;
    return slow;
  }

  [[nodiscard]] std::span<const StageSample> of_all() const { return any_.samples; }
  [[nodiscard]] std::span<const StageSample> of_slow() const { return slow_.samples; }

 private:
  static constexpr double kStep = 0.05;
  struct Kind {
    std::int64_t funds = kInitial;
    std::uint64_t taken = 0;
    std::vector<StageSample> samples;
    void keep(const StageSample& sample);
  };
  Kind any_;
  Kind slow_;
  bool for_any_ = false;
  bool for_slow_ = false;
  std::int64_t until_any_ = 0;
  std::int64_t cost_ns_ = 0;  // of asking, a running mean
  double slow_above_ns_ = 0;
};

}  // namespace qaic::tools::run::bench
