// A card by script, on a clock of its own: inferences of one activation are
// served one after the other, or several at once, and end in their order. Where
// two threads use it, times mean nothing.
#pragma once

#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "tools/qaic-run/bench/port.hpp"

namespace bench_test {

using namespace qaic;
using namespace qaic::tools::run::bench;

inline Error error_with(const char* id) {
  qaic_error raw{};
  std::snprintf(raw.id, sizeof(raw.id), "%s", id);
  return Error(raw);
}

class ScriptedPort : public Port {
 public:
  static constexpr std::int64_t kMs = 1'000'000;

  std::int64_t clock = 0;
  std::int64_t submit_takes = 0;
  std::int64_t wake_up_takes = 0;
  std::function<std::int64_t(int)> service = [](int) { return kMs; };  // of the n-th inference
  std::size_t at_once = 1;                                             // inferences that the card works on
  std::size_t queue_holds = 1000;  // the card takes from it what it is done with, waited for or not
  int failing_wait = -1;
  std::int64_t interrupt_at = -1;
  int asked = 0;

  Expected<Done> submit(std::size_t slot) override {
    const std::scoped_lock lock(mutex);
    if (queued() >= queue_holds) return error_with("queue-full");
    clock += submit_takes;
    const std::size_t ahead = queued();
    const std::int64_t free = ends.size() < at_once ? 0 : ends[ends.size() - at_once];
    const std::int64_t end = std::max(free, clock) + service(submitted++);
    ends.push_back(ends.empty() ? end : std::max(end, ends.back()));
    if (ends.size() > at_once) ends.pop_front();
    in_flight.push_back(
        {slot, clock, ends.back(), static_cast<std::uint32_t>(ahead < at_once ? 0 : ahead - at_once + 1)});
    return Done{};
  }
  Expected<Done> wait(std::size_t slot) override {
    const std::scoped_lock lock(mutex);
    if (waited++ == failing_wait) return error_with("inference-deadline");
    if (in_flight.empty() || in_flight.front().slot != slot) return error_with("wrong-slot");
    const Flight flight = in_flight.front();
    in_flight.pop_front();
    clock = std::max(clock, flight.done) + wake_up_takes;
    times[slot] = {flight.level, static_cast<std::uint32_t>(submit_takes / 1000),
                   static_cast<std::uint32_t>((flight.done - flight.told) / 1000)};
    return Done{};
  }
  std::optional<CardTimes> card_times(std::size_t slot) override {
    const std::scoped_lock lock(mutex);
    ++asked;
    return times[slot];
  }
  std::int64_t now() override {
    const std::scoped_lock lock(mutex);
    return clock;
  }
  void sleep_until(std::int64_t at) override {
    const std::scoped_lock lock(mutex);
    clock = std::max(clock, at);
  }
  bool interrupted() override {
    const std::scoped_lock lock(mutex);
    return interrupt_at >= 0 && clock >= interrupt_at;
  }

  // When the oldest in flight ends.
  [[nodiscard]] std::optional<std::int64_t> next_end() const {
    if (in_flight.empty()) return std::nullopt;
    return in_flight.front().done;
  }

 private:
  struct Flight {
    std::size_t slot;
    std::int64_t told, done;
    std::uint32_t level;
  };
  [[nodiscard]] std::size_t queued() const {
    return static_cast<std::size_t>(std::count_if(in_flight.begin(), in_flight.end(),
                                                  [this](const Flight& f) { return f.done > clock; }));
  }

  std::mutex mutex;
  std::deque<Flight> in_flight;
  std::deque<std::int64_t> ends;  // of the latest `at_once` inferences
  std::map<std::size_t, CardTimes> times;
  int submitted = 0;
  int waited = 0;
};

}  // namespace bench_test
