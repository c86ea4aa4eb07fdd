// The two ways to load one activation: a closed loop that keeps `depth`
// inferences in flight, and an open loop whose starts do not depend on how
// long inferences take.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/qaic-run/bench/arrivals.hpp"
#include "tools/qaic-run/bench/recorder.hpp"

namespace qaic::tools::run::bench {

struct LoopEnd {
  std::optional<Error> error;
  std::size_t depth = 0;    // the most in flight while measuring
  bool cut = false;         // interrupted or stopped before its end
  bool queue_full = false;  // the queue took no more than that
  std::uint64_t unserved =
      0;  // arrivals that could not start before the end; how long they waited is recorded
};

// Until the recorder's end, or `count` measured inferences (0 = no bound), or
// the port is interrupted, or `stop`, if there is one, becomes true. Measured is what ends after the
// recorder's beginning; inferences in flight at the end are waited for and count as latencies. Latency is
// from the submission to the end of the wait.
LoopEnd closed_loop(Port& port, Recorder& recorder, std::size_t depth, std::uint64_t count,
                    const std::atomic<bool>* stop = nullptr);

// Latency is from the intended start, whether or not it could start then: an
// inference that waits because an earlier one is slow is slow too. Measured are
// the latencies of those meant to start after the recorder's beginning; of those
// that could not start before the end, what they had waited by then. Ends like
// the closed loop.
class OpenLoop {
 public:
  // Arrivals count from `start` of the port's clock.
  OpenLoop(Port& port, Recorder& recorder, Arrivals arrivals, std::int64_t start, std::size_t depth,
           std::uint64_t count, const std::atomic<bool>* stop = nullptr);

  // The next arrival: sleeps until it, waits for a slot, submits. False when
  // there is no further one. For one thread.
  bool submit_next();
  // The oldest inference in flight: waits for it and records it. False when
  // there will be none. For one other thread.
  bool reap_next();
  // Both until the end, the submissions on a thread of their own.
  LoopEnd run();

 private:
  static constexpr std::uint32_t kClosed = 1U << 31;  // beside a count

  // Interrupted, stopped, or the other thread has failed.
  [[nodiscard]] bool ends_early() const;
  bool close();
  // No more starts: what should have, from the arrival `at` on, waited until now.
  bool give_up(std::int64_t at);
  [[nodiscard]] std::uint32_t in_flight() const;
  // Waits until fewer than `most` are in flight; false when that will not be.
  [[nodiscard]] bool await_fewer_than(std::uint32_t most);
  [[nodiscard]] Expected<Done> submit(std::size_t slot);

  Port& port_;
  Recorder& recorder_;
  Arrivals arrivals_;
  std::int64_t start_;
  std::uint64_t count_;
  const std::atomic<bool>* stop_;
  bool cut_ = false;
  std::uint64_t measured_ = 0;
  std::uint64_t unserved_ = 0;
  std::optional<WindowSeries> waits_;  // of the unserved, made when there are some
  std::size_t most_in_flight_ = 0;
  bool queue_full_ = false;
  std::int64_t previous_done_ = 0;
  std::vector<Timing> slots_;          // of what is in flight; the submitter fills them
  std::vector<std::int64_t> free_at_;  // the reaper fills them
  std::size_t next_slot_ = 0;
  std::size_t oldest_slot_ = 0;
  std::atomic<std::uint32_t> submitted_ = 0;
  std::atomic<std::uint32_t> reaped_ = 0;
  std::optional<Error> submit_error_;
  std::optional<Error> reap_error_;
};

}  // namespace qaic::tools::run::bench
