// Where the time of one inference went: on the host, in queues, in the card, or
// until the program ran again. From the program's clock and PERF_STATS.
#pragma once

#include <cstdint>

namespace qaic::tools::run::bench {

// Of one inference, nanoseconds on the program's clock.
struct Timing {
  std::int64_t intended = 0;      // when it should have started; closed loop: when it did
  std::int64_t slot_free = 0;     // when buffers for it were free
  std::int64_t submit_begin = 0;  // before and after the submission
  std::int64_t submit_end = 0;
  std::int64_t done = 0;           // the wait returned
  std::int64_t previous_done = 0;  // the wait for the inference before it, same activation
};

// What the driver tells (PERF_STATS), in its microseconds.
struct CardTimes {
  std::uint32_t queue_level_before = 0;  // elements
  std::uint32_t submit_us = 0;           // until the card was told
  std::uint32_t device_us = 0;           // from then to the last completion
};

// The parts of done - intended; none is negative, and they add up to it.
struct Stages {
  double host_ns = 0;     // late start by ourselves, and submission
  double queue_ns = 0;    // no buffers free, or an earlier inference not done yet
  double device_ns = 0;   // the rest of what the driver counts as the card's
  double wake_up_ns = 0;  // the rest: from the card's completion to the program
  double queue_level = 0;

  [[nodiscard]] double total_ns() const { return host_ns + queue_ns + device_ns + wake_up_ns; }
};

[[nodiscard]] Stages stages_of(const Timing& timing, const CardTimes& card);

}  // namespace qaic::tools::run::bench
