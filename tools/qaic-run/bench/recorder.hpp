// What one activation measured: latencies in windows, and samples of where the
// time went. The recording path of bench.
#pragma once

#include <atomic>
#include <cstdint>

#include "tools/qaic-run/bench/port.hpp"
#include "tools/qaic-run/bench/stage_sampler.hpp"
#include "tools/qaic-run/bench/window_series.hpp"

namespace qaic::tools::run::bench {

class Recorder {
 public:
  // Measuring is from `begin` to `end` of the port's clock; measure() moves both
  // before anything is recorded.
  Recorder(std::int64_t begin, std::int64_t end, std::int64_t window_ns);

  void measure(std::int64_t begin, std::int64_t end) {
    begin_ = last_done_ = begin;
    end_ = end;
  }

  // What recording needed: nothing to speak of, or the driver was asked.
  enum class Took { nothing, time };

  // An inference ended. Those that end before the beginning only teach what is slow.
  Took record(Port& port, std::size_t slot, const Timing& timing) {
    if (timing.done < begin_) {
      pass(timing);
      return Took::nothing;
    }
    const auto latency = static_cast<std::uint64_t>(timing.done - timing.intended);
    last_done_ = timing.done;
    series_.record(timing.done - begin_, latency);
    if (timing.done < end_) ++in_time_;
    recorded_.store(recorded_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (!sampler_.wants(latency)) return Took::nothing;
    ask(port, slot, timing, latency);
    return Took::time;
  }
  // An inference ended whose latency is not of what is measured: it counts for
  // throughput when it ended after the beginning.
  void pass(const Timing& timing) {
    sampler_.observe(static_cast<std::uint64_t>(timing.done - timing.intended));
    if (timing.done < begin_) return;
    last_done_ = timing.done;
    series_.count(timing.done - begin_);
    if (timing.done < end_) ++in_time_;
  }

  [[nodiscard]] std::int64_t begin() const { return begin_; }
  [[nodiscard]] std::int64_t end() const { return end_; }
  // The end is when the last inference ended: the run was counted, or interrupted.
  void end_with_last() { end_ = last_done_ + 1; }
  // What could not start counts as long as it waited.
  void add_waits(const WindowSeries& waits) { series_.merge(waits); }
  // Latencies of inferences that ended. May be read by another thread.
  [[nodiscard]] std::uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  // How many inferences ended between the beginning and the end.
  [[nodiscard]] std::uint64_t in_time() const { return in_time_; }
  [[nodiscard]] const WindowSeries& series() const { return series_; }
  [[nodiscard]] const StageSampler& sampler() const { return sampler_; }

 private:
  void ask(Port& port, std::size_t slot, const Timing& timing, std::uint64_t latency);

  std::int64_t begin_;
  std::int64_t end_;
  std::int64_t last_done_;
  std::uint64_t in_time_ = 0;
  std::atomic<std::uint64_t> recorded_ = 0;
  WindowSeries series_;
  StageSampler sampler_;
};

}  // namespace qaic::tools::run::bench
