#include "tools/qaic-run/bench/loops.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <thread>

namespace qaic::tools::run::bench {

namespace {

constexpr std::int64_t kLongestSleep = 50'000'000;  // ns; then look whether to end

bool stopped(const std::atomic<bool>* stop) {
  return stop != nullptr && stop->load(std::memory_order_relaxed);
}

bool queue_full(const Error& error) {
  return std::string_view(error.id()) == "queue-full";
}

// The slot after this one, of so many.
std::size_t after(std::size_t slot, std::size_t slots) {
  return slot + 1 == slots ? 0 : slot + 1;
}

}  // namespace

LoopEnd closed_loop(Port& port, Recorder& recorder, std::size_t depth, std::uint64_t count,
                    const std::atomic<bool>* stop) {
  LoopEnd end;
  std::vector<Timing> slots(depth);
  std::uint64_t measured = 0;
  std::size_t next = 0, oldest = 0, in_flight = 0;
  std::size_t most = depth;  // that the queue is known to take
  bool ending = false;
  // Whether one more is to be submitted at `now`.
  const auto more = [&](std::int64_t now) {
    // All that are in flight at the beginning will end within what is measured.
    const bool enough = count != 0 && now >= recorder.begin() && measured + in_flight >= count;
    ending = ending || enough || now >= recorder.end();
    if (!ending && (port.interrupted() || stopped(stop))) ending = end.cut = true;
    return !ending;
  };
  const auto submit_more = [&](std::int64_t now) {
    while (in_flight < most && more(now)) {
      const auto submitted = port.submit(next);
      if (!submitted && in_flight > 0 && queue_full(submitted.error())) {
        // Of those in flight the card has taken some from its queue already,
        // so that another time it may be fewer.
        most = in_flight;
        end.queue_full = true;
      } else if (!submitted) {
        end.error = submitted.error();
        ending = true;
      } else {
        const std::int64_t submitted_at = port.now();
        slots[next] = {now, now, now, submitted_at, 0, 0};
        now = submitted_at;
        ++in_flight;
        next = after(next, depth);
      }
    }
  };
  std::int64_t previous_done = 0;
  for (submit_more(port.now()); in_flight > 0; oldest = after(oldest, depth)) {
    const auto waited = port.wait(oldest);
    if (!waited) {
      if (!end.error) end.error = waited.error();
      break;
    }
    std::int64_t now = port.now();
    const bool measuring = now >= recorder.begin();
    if (measuring) end.depth = std::max(end.depth, in_flight);
    --in_flight;
    slots[oldest].done = now;
    slots[oldest].previous_done = previous_done;
    // What is counted instead of timed begins, as it ends, where an inference ends.
    if (measuring && count != 0 && measured == 0 && previous_done != 0) {
      recorder.measure(previous_done, recorder.end());
    }
    previous_done = now;
    if (measuring && count != 0 && measured == count) continue;  // more were in flight than are wanted
    if (measuring) ++measured;
    if (recorder.record(port, oldest, slots[oldest]) == Recorder::Took::time) now = port.now();
    submit_more(now);
  }
  if (count != 0 || end.cut || end.error) recorder.end_with_last();
  return end;
}

OpenLoop::OpenLoop(Port& port, Recorder& recorder, Arrivals arrivals, std::int64_t start, std::size_t depth,
                   std::uint64_t count, const std::atomic<bool>* stop)
    : port_(port),
      recorder_(recorder),
      arrivals_(arrivals),
      start_(start),
      count_(count),
      stop_(stop),
      slots_(depth),
      free_at_(depth, std::numeric_limits<std::int64_t>::min()) {}

std::uint32_t OpenLoop::in_flight() const {
  return (submitted_.load(std::memory_order_acquire) - reaped_.load(std::memory_order_acquire)) & ~kClosed;
}

bool OpenLoop::await_fewer_than(std::uint32_t most) {
  for (;;) {
    const std::uint32_t reaped = reaped_.load(std::memory_order_acquire);
    if ((reaped & kClosed) != 0) return false;
    if (((submitted_.load(std::memory_order_relaxed) - reaped) & ~kClosed) < most) return true;
    reaped_.wait(reaped, std::memory_order_acquire);
  }
}

bool OpenLoop::ends_early() const {
  return port_.interrupted() || stopped(stop_) || (reaped_.load(std::memory_order_relaxed) & kClosed) != 0;
}

bool OpenLoop::close() {
  submitted_.fetch_or(kClosed, std::memory_order_release);
  submitted_.notify_one();
  return false;
}

bool OpenLoop::give_up(std::int64_t at) {
  const std::int64_t now = port_.now();
  const std::int64_t end = std::min(now, recorder_.end());
  for (; at < end && (count_ == 0 || measured_ + unserved_ < count_); at = start_ + arrivals_.next()) {
    if (at < recorder_.begin()) continue;
    if (!waits_) waits_.emplace(recorder_.series().first_width_ns());
    waits_->wait(at - recorder_.begin(), static_cast<std::uint64_t>(now - at));
    ++unserved_;
  }
  return close();
}

Expected<Done> OpenLoop::submit(std::size_t slot) {
  for (;;) {
    const std::uint32_t others = in_flight();
    auto submitted = port_.submit(slot);
    if (submitted || others == 0 || !queue_full(submitted.error())) return submitted;
    queue_full_ = true;
    if (!await_fewer_than(others)) return submitted;
  }
}

bool OpenLoop::submit_next() {
  std::int64_t at = start_ + arrivals_.next();
  // What the warm-up could not start is no load for what is measured.
  while (at < recorder_.begin() && port_.now() >= recorder_.begin()) at = start_ + arrivals_.next();
  const bool measured = at >= recorder_.begin();
  if (at >= recorder_.end() || (count_ != 0 && measured_ == count_)) return close();
  for (std::int64_t now = port_.now(); now < at && !ends_early(); now = port_.now()) {
    port_.sleep_until(std::min(at, now + kLongestSleep));
  }
  if (ends_early() || !await_fewer_than(static_cast<std::uint32_t>(slots_.size()))) {
    cut_ = true;
    return give_up(at);
  }
  Timing& timing = slots_[next_slot_];
  timing = {at, free_at_[next_slot_], port_.now(), 0, 0, 0};
  if (timing.submit_begin >= recorder_.end()) return give_up(at);
  const auto submitted = submit(next_slot_);
  if (!submitted) {
    submit_error_ = submitted.error();
    return give_up(at);
  }
  timing.submit_end = port_.now();
  if (measured) {
    ++measured_;
    most_in_flight_ = std::max(most_in_flight_, std::size_t{in_flight()} + 1);
  }
  next_slot_ = after(next_slot_, slots_.size());
  submitted_.store((submitted_.load(std::memory_order_relaxed) + 1) & ~kClosed, std::memory_order_release);
  submitted_.notify_one();
  return true;
}

bool OpenLoop::reap_next() {
  const std::uint32_t reaped = reaped_.load(std::memory_order_relaxed);
  std::uint32_t submitted = submitted_.load(std::memory_order_acquire);
  while ((submitted & ~kClosed) == reaped) {
    if ((submitted & kClosed) != 0) return false;
    submitted_.wait(submitted, std::memory_order_acquire);
    submitted = submitted_.load(std::memory_order_acquire);
  }
  const std::size_t slot = oldest_slot_;
  const auto waited = port_.wait(slot);
  if (!waited) {
    reap_error_ = waited.error();
    reaped_.fetch_or(kClosed, std::memory_order_release);
    reaped_.notify_one();
    return false;
  }
  Timing timing = slots_[slot];
  timing.done = port_.now();
  timing.previous_done = previous_done_;
  previous_done_ = timing.done;
  if (timing.intended < recorder_.begin()) {
    recorder_.pass(timing);
  } else {
    recorder_.record(port_, slot, timing);
  }
  free_at_[slot] = timing.done;
  oldest_slot_ = after(oldest_slot_, slots_.size());
  reaped_.store((reaped + 1) & ~kClosed, std::memory_order_release);
  reaped_.notify_one();
  return true;
}

LoopEnd OpenLoop::run() {
  {
    std::jthread submitter([this] {
      while (submit_next()) {
      }
    });
    while (reap_next()) {
    }
  }
  LoopEnd end;
  end.error = reap_error_ ? reap_error_ : submit_error_;
  end.depth = most_in_flight_;
  end.queue_full = queue_full_;
  end.unserved = unserved_;
  end.cut = cut_;
  if (waits_) recorder_.add_waits(*waits_);
  if (count_ != 0 || end.cut || end.error) recorder_.end_with_last();
  return end;
}

}  // namespace qaic::tools::run::bench
