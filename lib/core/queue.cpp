#include "lib/core/queue.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/wakeup.hpp"

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using std::chrono::milliseconds;

constexpr milliseconds kPiece{100};  // longest sleep in the kernel

// From `now` until `limit`, at most a piece, as WAIT_BO takes it, where 0 has
// another meaning.
std::uint32_t patience(std::chrono::steady_clock::time_point now,
                       std::chrono::steady_clock::time_point limit) {
  if (limit <= now) return 1;
  if (limit - now >= kPiece) return static_cast<std::uint32_t>(kPiece.count());
  return static_cast<std::uint32_t>(std::chrono::ceil<milliseconds>(limit - now).count());
}

std::chrono::steady_clock::time_point time_after(std::optional<milliseconds> timeout) {
  using TimePoint = std::chrono::steady_clock::time_point;
  if (!timeout) return TimePoint::max();
  const auto now = std::chrono::steady_clock::now();
  return *timeout < TimePoint::max() - now ? now + *timeout : TimePoint::max();
}

}  // namespace

Queue::~Queue() {
  {
    const Lock lock(mutex_);
    phase_ = Phase::closing;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Inference* Queue::inference(std::uint32_t slot) const {
  return slot < inferences_.size() ? inferences_[slot] : nullptr;
}

Result<std::uint32_t> Queue::acquire(Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (;;) {
    std::optional<std::uint32_t> slot;
    SlotList& source = free_.empty() ? late_ : free_;
    if (line_.empty() && !source.empty()) {
      slot = source.front();
      source.pop();
    } else {
      slot = line_.wait(lock, until);
    }
    if (slot) {
      Entry& entry = entries_[*slot];
      entry.state = State::held;
      if (!entry.late || settle(lock, entry, until)) {
        if (Inference* buffers = inference(*slot)) buffers->set_all_whole();
        return *slot;
      }
      give_back(*slot);
    }
    if (Clock::now() >= until) {
      return fail(make_error(ErrorKind::unavailable, "queue-slots", name_ + ": no slot of the queue is free",
                             "release one, or make the queue deeper"));
    }
  }
}

Result<void> Queue::set_size(std::uint32_t slot, std::size_t tensor, std::uint64_t bytes) {
  Lock lock(mutex_);
  if (slot >= inferences_.size() || entries_[slot].state != State::held) return fail(slot_error(slot));
  if (entries_[slot].late) {
    const Refusal refusal = make_ready(lock, slot);
    if (refusal.why != Refusal::Why::none) return fail(error_of(slot, refusal));
  }
  return inferences_[slot]->set_size(tensor, bytes);
}

Result<void> Queue::submit(std::uint32_t slot, std::uint64_t user_data) {
  const Refusal refusal = start(slot, user_data);
  if (refusal.why == Refusal::Why::none) return {};
  return fail(error_of(slot, refusal));
}

Queue::Refusal Queue::start(std::uint32_t slot, std::uint64_t user_data) {
  Lock lock(mutex_);
  if (slot >= depth_ || entries_[slot].state != State::held || entries_[slot].late) {
    const Refusal refusal = make_ready(lock, slot);
    if (refusal.why != Refusal::Why::none) return refusal;
  }
  Entry& entry = entries_[slot];
  if (entry.has_to_gather && !gather(lock, slot)) return {Refusal::Why::slot, 0};
  entry.completion.user_data = user_data;
  entry.deadline = deadline_ == Clock::duration::max() ? TimePoint::max() : Clock::now() + deadline_;
  if (pending_.empty()) {
    const auto begun = entry.submission->begin();
    if (begun) {
      entry.state = State::in_flight;
      in_flight_.push(slot);
      notify();
      return {};
    }
    const int number = begun.error().value;
    if ((number != EAGAIN && number != EBUSY) || in_flight_.empty()) return {Refusal::Why::kernel, number};
  }
  entry.state = State::pending;
  pending_.push(slot);
  return {};
}

// Whether the slot is still its caller's then.
bool Queue::gather(Lock& lock, std::uint32_t slot) {
  lock.unlock();
  entries_[slot].submission->gather();
  lock.lock();
  return entries_[slot].state == State::held;
}

// Makes a slot ready that is not, if that is possible.
Queue::Refusal Queue::make_ready(Lock& lock, std::uint32_t slot) {
  if (slot >= depth_ || entries_[slot].state != State::held) return {Refusal::Why::slot, 0};
  if (phase_ == Phase::closing) return {Refusal::Why::closed, 0};
  return {settle(lock, entries_[slot], TimePoint::min()) ? Refusal::Why::none : Refusal::Why::late, 0};
}

Result<void> Queue::release(std::uint32_t slot) {
  const Lock lock(mutex_);
  if (slot >= depth_ || entries_[slot].state != State::held) return fail(slot_error(slot));
  give_back(slot);
  return {};
}

Result<Completion> Queue::next(Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (Step last = Step::changed;;) {
    if (options_.delivery == Delivery::callback) return no_completion(last);
    if (!done_.empty()) return take(done_.front());
    if (last != Step::changed) return no_completion(last);
    if (is_mine_to_reap()) {
      const Reaped reaped = reap(lock, until);
      if (reaped.step == Step::ended && entries_[reaped.slot].awaited == 0) {
        const Completion completion = hand_over(reaped.slot);
        go_on();
        return completion;
      }
      last = sorted(reaped);
    } else {
      last = sleep(lock, until);
    }
  }
}

Result<Completion> Queue::wait(std::uint32_t slot, Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (Step last = Step::changed;;) {
    const State state = slot < depth_ ? entries_[slot].state : State::free;
    if (state == State::free || state == State::held) return not_outstanding(slot);
    if (options_.delivery == Delivery::callback) return no_completion(last);
    if (state == State::done) return take(slot);
    if (last != Step::changed) return no_completion(last);
    if (is_mine_to_reap()) {
      const Reaped reaped = reap(lock, until);
      if (reaped.step == Step::ended && reaped.slot == slot) {
        const Completion completion = hand_over(slot);
        go_on();
        return completion;
      }
      last = sorted(reaped);
    } else {
      last = sleep_for(slot, lock, until);
    }
  }
}

Result<void> Queue::drain(Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (Step last = Step::changed;; last = step(lock, until)) {
    const bool delivered =
        options_.delivery != Delivery::callback || (done_.empty() && calling_ == Calling::no);
    if (in_flight_.empty() && pending_.empty() && delivered) return {};
    if (last == Step::changed) continue;
    return fail(last == Step::timeout
                    ? make_error(ErrorKind::deadline, "queue-timeout",
                                 name_ + ": inferences were still in flight when the time was over",
                                 "wait longer")
                    : entries_[0].submission->finish_error(EINTR));
  }
}

// Tells those who sleep that something changed; under the mutex.
void Queue::notify() {
  if (sleepers_ != 0) changed_.notify_all();
}

// What reap() brought, for whoever wants it.
Queue::Step Queue::sorted(Reaped reaped) {
  if (reaped.step == Step::ended) {
    deliver(reaped.slot);
    go_on();
    return Step::changed;
  }
  notify();
  return reaped.step;
}

// After an inference has ended, when it is where it belongs: what waited for
// room begins.
void Queue::go_on() {
  if (!pending_.empty()) begin_pending();
  notify();
}

Queue::Step Queue::sleep(Lock& lock, TimePoint until) {
  ++sleepers_;
  const auto status = changed_.wait_until(lock, until);
  --sleepers_;
  return status == std::cv_status::timeout ? Step::timeout : Step::changed;
}

Queue::Step Queue::sleep_for(std::uint32_t slot, Lock& lock, TimePoint until) {
  ++entries_[slot].awaited;
  const Step step = sleep(lock, until);
  --entries_[slot].awaited;
  return step;
}

// Whether the caller is the one to sleep in the kernel for the oldest inference.
bool Queue::is_mine_to_reap() const {
  return options_.delivery == Delivery::wait && reaper_ == Reaper::none && !in_flight_.empty();
}

// One step towards a completion, whoever's it is.
Queue::Step Queue::step(Lock& lock, TimePoint until) {
  if (!is_mine_to_reap()) return sleep(lock, until);
  return sorted(reap(lock, until));
}

[[gnu::always_inline]] inline Queue::Reaped Queue::reap(Lock& lock, TimePoint until) {
  const std::uint32_t slot = in_flight_.front();
  Entry& entry = entries_[slot];
  const TimePoint now = Clock::now();
  const TimePoint limit = std::min(until, entry.deadline);
  reaper_ = Reaper::present;
  lock.unlock();
  const auto outcome = entry.submission->finish(patience(now, limit));
  lock.lock();
  reaper_ = Reaper::none;
  entry.completion.end = End::done;
  if (!outcome) {
    const int number = outcome.error().value;
    if (number == EINTR) return {Step::interrupted, slot};
    if (number == ETIMEDOUT) {
      const TimePoint after = Clock::now();
      if (after < entry.deadline) return {after < until ? Step::changed : Step::timeout, slot};
      entry.late = true;
    }
    entry.completion.end = End::not_finished;
    entry.completion.number = number;
  }
  in_flight_.pop();
  return {Step::ended, slot};
}

void Queue::begin_pending() {
  while (!pending_.empty()) {
    const std::uint32_t slot = pending_.front();
    const auto begun = entries_[slot].submission->begin();
    const int number = begun ? 0 : begun.error().value;
    if (number == EINTR) continue;  // its handler has run
    // Nothing overtakes what is in flight, not even a failure.
    if (number != 0 && !in_flight_.empty()) return;
    pending_.pop();
    if (begun) {
      entries_[slot].state = State::in_flight;
      in_flight_.push(slot);
    } else {
      entries_[slot].completion.end = End::not_begun;
      entries_[slot].completion.number = number;
      deliver(slot);
    }
  }
}

// Puts what ended where next() and wait() find it, or wait() alone: who sleeps in
// it looks at the state before all else.
void Queue::deliver(std::uint32_t slot) {
  entries_[slot].state = State::done;
  if (entries_[slot].awaited != 0) return;
  done_.push(slot);
  if (event_.valid() && done_.size() == 1) os::set_event(event_.get());
}

Completion Queue::take(std::uint32_t slot) {
  done_.remove(slot);
  if (event_.valid() && done_.empty()) os::clear_event(event_.get());
  return hand_over(slot);
}

Completion Queue::hand_over(std::uint32_t slot) {
  entries_[slot].state = State::held;
  return entries_[slot].completion;
}

void Queue::give_back(std::uint32_t slot) {
  entries_[slot].state = State::free;
  if (line_.serve(slot)) return;
  (entries_[slot].late ? late_ : free_).push(slot);
}

// Whether the card has given the buffers of a late slot back.
bool Queue::settle(Lock& lock, Entry& entry, TimePoint until) {
  const TimePoint now = Clock::now();
  lock.unlock();
  const auto outcome = entry.submission->finish(patience(now, until));
  lock.lock();
  const int number = outcome ? 0 : outcome.error().value;
  if (number == ETIMEDOUT || number == EINTR) return false;
  entry.late = false;
  return true;
}

// The queue's thread. No handler of the program runs on it: over() starts it with
// signals held back.
void Queue::work() {
  const auto call_back = [this](Lock& lock) {
    if (options_.delivery != Delivery::callback) return;
    calling_ = Calling::yes;
    while (!done_.empty()) {
      const Completion completion = take(done_.front());
      lock.unlock();
      options_.callback(*this, completion);
      lock.lock();
    }
    calling_ = Calling::no;
  };
  Lock lock(mutex_);
  while (phase_ == Phase::open) {
    if (in_flight_.empty()) {
      (void)sleep(lock, TimePoint::max());
      continue;
    }
    const Reaped reaped = reap(lock, TimePoint::max());
    if (reaped.step != Step::ended) continue;
    (void)sorted(reaped);
    call_back(lock);
    notify();
  }
  while (!in_flight_.empty() || !pending_.empty()) {
    for (SlotList* list : {&in_flight_, &pending_}) {
      for (; !list->empty(); list->pop()) {
        Entry& entry = entries_[list->front()];
        entry.completion.end = End::closed;
        entry.late = true;  // nothing is begun with it any more
        deliver(list->front());
      }
    }
    call_back(lock);
  }
}

}  // namespace qaic::core
