#include "lib/core/queue.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "os/signals.hpp"
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

Result<std::unique_ptr<Queue>> Queue::create(const Network& network, std::uint32_t depth,
                                             QueueOptions options,
                                             const std::vector<std::vector<Import>>& imports) {
  std::vector<std::unique_ptr<Submission>> submissions;
  std::vector<Inference*> inferences;
  for (std::uint32_t i = 0; i < depth; ++i) {
    QAIC_TRY(auto inference, Inference::create(network, i < imports.size() ? std::span(imports[i])
                                                                           : std::span<const Import>{}));
    inferences.push_back(inference.get());
    submissions.push_back(std::move(inference));
  }
  QAIC_TRY(auto queue, over(std::move(submissions), network.device()->node(), std::move(options)));
  queue->inferences_ = std::move(inferences);
  return queue;
}

Result<std::unique_ptr<Queue>> Queue::over(std::vector<std::unique_ptr<Submission>> submissions,
                                           std::string name, QueueOptions options) {
  if (submissions.empty()) {
    return fail(make_error(ErrorKind::usage, "queue-depth", name + ": a queue needs at least one slot"));
  }
  std::unique_ptr<Queue> queue(new Queue(std::move(submissions), std::move(name), std::move(options)));
  if (queue->options_.delivery == Delivery::event) {
    QAIC_TRY(queue->event_, os::make_event());
  }
  if (queue->options_.delivery != Delivery::wait) {
    try {
      queue->thread_ = std::thread([raw = queue.get()] { raw->work(); });
    } catch (const std::system_error& error) {
      return fail(base::system_error(error.code().value(), "queue-thread",
                                     queue->name_ + ": no thread for the queue's completions"));
    }
  }
  return queue;
}

Queue::Queue(std::vector<std::unique_ptr<Submission>> submissions, std::string name, QueueOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      depth_(static_cast<std::uint32_t>(submissions.size())),
      deadline_(options_.deadline.value_or(milliseconds::max()) < std::chrono::hours(24 * 365)
                    ? Clock::duration(*options_.deadline)
                    : Clock::duration::max()),
      entries_(submissions.size()),
      free_(submissions.size()),
      late_(submissions.size()),
      pending_(submissions.size()),
      in_flight_(submissions.size()),
      done_(submissions.size()) {
  for (std::uint32_t i = 0; i < depth_; ++i) {
    entries_[i].submission = std::move(submissions[i]);
    entries_[i].completion.slot = i;
    free_.push(i);
  }
}

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
      if (!entry.late || settle(lock, entry, until)) return *slot;
      give_back(*slot);
    }
    if (Clock::now() >= until) {
      return fail(make_error(ErrorKind::unavailable, "queue-slots", name_ + ": no slot of the queue is free",
                             "release one, or make the queue deeper"));
    }
  }
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
    if (number != EAGAIN || in_flight_.empty()) return {Refusal::Why::kernel, number};
  }
  entry.state = State::pending;
  pending_.push(slot);
  return {};
}

// Makes a slot ready that is not, if that is possible.
Queue::Refusal Queue::make_ready(Lock& lock, std::uint32_t slot) {
  if (slot >= depth_ || entries_[slot].state != State::held) return {Refusal::Why::slot, 0};
  if (phase_ == Phase::closing) return {Refusal::Why::closed, 0};
  return {settle(lock, entries_[slot], TimePoint::min()) ? Refusal::Why::none : Refusal::Why::late, 0};
}

Error Queue::error_of(std::uint32_t slot, Refusal refusal) const {
  switch (refusal.why) {
    case Refusal::Why::none:
      break;
    case Refusal::Why::slot:
      return slot_error(slot);
    case Refusal::Why::late:
      return make_error(ErrorKind::unavailable, "queue-late",
                        name_ + ": slot " + std::to_string(slot) +
                            " is not back from the card since its inference passed the deadline",
                        "use another slot and release this one");
    case Refusal::Why::closed:
      return closed_error();
    case Refusal::Why::kernel:
      return entries_[slot].submission->begin_error(refusal.number);
  }
  return {};
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
      if (reaped.step == Step::ended) {
        const Completion completion = hand_over(reaped.slot);
        go_on();
        return completion;
      }
      notify();  // somebody else's turn
      last = reaped.step;
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
      last = sleep(lock, until);
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

Error Queue::slot_error(std::uint32_t slot) const {
  return make_error(ErrorKind::usage, "queue-slot",
                    name_ + ": slot " + std::to_string(slot) +
                        (slot < depth_ ? " is not in the state that this call needs"
                                       : " does not exist, the queue has " + std::to_string(depth_)),
                    "acquire a slot, submit it, get its completion, then submit it again or release it");
}

Error Queue::closed_error() const {
  return make_error(ErrorKind::unavailable, "queue-closed",
                    name_ + ": the queue was closed before the inference finished");
}

// Why a caller goes away without a completion.
Result<Completion> Queue::no_completion(Step step) const {
  if (options_.delivery == Delivery::callback) {
    return fail(make_error(ErrorKind::usage, "queue-callback",
                           name_ + ": completions of this queue go to its callback"));
  }
  if (step == Step::interrupted) return fail(entries_[0].submission->finish_error(EINTR));
  return fail(make_error(ErrorKind::deadline, "queue-timeout", name_ + ": no inference finished in time",
                         "wait again"));
}

Result<Completion> Queue::not_outstanding(std::uint32_t slot) const {
  return fail(slot_error(slot));
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

// Puts what ended where next() and wait() find it.
void Queue::deliver(std::uint32_t slot) {
  entries_[slot].state = State::done;
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

Error Queue::error_of(const Completion& completion) const {
  const Submission& submission = *entries_[completion.slot].submission;
  switch (completion.end) {
    case End::done:
      break;
    case End::not_begun:
      return submission.begin_error(completion.number);
    case End::not_finished:
      return submission.finish_error(completion.number);
    case End::closed:
      return closed_error();
  }
  return {};
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

// The queue's thread. No handler of the program runs on it.
void Queue::work() {
  const os::SignalsHeld held;
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
