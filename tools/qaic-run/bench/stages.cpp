#include "tools/qaic-run/bench/stages.hpp"

#include <algorithm>

namespace qaic::tools::run::bench {

Stages stages_of(const Timing& timing, const CardTimes& card) {
  const auto span = [](std::int64_t from, std::int64_t to) {
    // Without a previous inference `to` is as early as can be.
    return to > from ? static_cast<double>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from))
                     : 0.0;
  };
  Stages stages;
  stages.queue_level = card.queue_level_before;
  const double backlog =
      std::min(span(timing.intended, timing.slot_free), span(timing.intended, timing.submit_begin));
  const double late = span(timing.intended, timing.submit_begin) - backlog;
  const double in_flight = span(timing.submit_begin, timing.done);
  // The driver counts whole microseconds, and a submission may still be on its
  // way back when the card has begun: what overlaps is the card's.
  const double in_card = std::min(static_cast<double>(card.device_us) * 1000, in_flight);
  const double submission = std::min(span(timing.submit_begin, timing.submit_end), in_flight - in_card);
  // With nothing ahead in the queue, an earlier inference was done already, even
  // if the program saw that late.
  const double behind =
      card.queue_level_before == 0 ? 0 : std::min(span(timing.submit_end, timing.previous_done), in_card);
  stages.host_ns = late + submission;
  stages.queue_ns = backlog + behind;
  stages.device_ns = in_card - behind;
  stages.wake_up_ns = in_flight - in_card - submission;
  return stages;
}

}  // namespace qaic::tools::run::bench
