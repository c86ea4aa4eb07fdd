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

// From `now` until `limit`, as WAIT_BO takes it, where 0 has another meaning.
std::uint32_t patience(std::chrono::steady_clock::time_point now,
                       std::chrono::steady_clock::time_point limit) {
  if (limit <= now) return 1;
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
                                             QueueOptions options) {
  std::vector<std::unique_ptr<Submission>> submissions;
  std::vector<Inference*> inferences;
  for (std::uint32_t i = 0; i < depth; ++i) {
    QAIC_TRY(auto inference, Inference::create(network));
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
      entries_(submissions.size()),
      free_(submissions.size()),
      late_(submissions.size()),
      pending_(submissions.size()),
      in_flight_(submissions.size()),
      done_(submissions.size()) {
  for (std::uint32_t i = 0; i < depth(); ++i) {
    entries_[i].submission = std::move(submissions[i]);
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
  Lock lock(mutex_);
  if (slot >= depth() || entries_[slot].state != State::held) return fail(slot_error(slot));
  if (phase_ == Phase::closing) return fail(closed_error());
  Entry& entry = entries_[slot];
  if (entry.late && !settle(lock, entry, TimePoint::min())) {
    return fail(make_error(ErrorKind::unavailable, "queue-late",
                           name_ + ": slot " + std::to_string(slot) +
                               " is not back from the card since its inference passed the deadline",
                           "use another slot and release this one"));
  }
  entry.user_data = user_data;
  entry.deadline = time_after(options_.deadline);
  if (pending_.empty()) {
    const auto begun = entry.submission->begin();
    if (begun) {
      entry.state = State::in_flight;
      in_flight_.push(slot);
      lock.unlock();
      changed_.notify_all();
      return {};
    }
    const int number = begun.error().value;
    if (number != EAGAIN || in_flight_.empty()) return fail(entry.submission->begin_error(number));
  }
  entry.state = State::pending;
  pending_.push(slot);
  return {};
}

Result<void> Queue::release(std::uint32_t slot) {
  const Lock lock(mutex_);
  if (slot >= depth() || entries_[slot].state != State::held) return fail(slot_error(slot));
  give_back(slot);
  return {};
}

Result<Completion> Queue::next(Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (Step last = Step::changed;; last = step(lock, until)) {
    if (!done_.empty() && options_.delivery != Delivery::callback) return take(done_.front());
    QAIC_CHECK(no_completion(last));
  }
}

Result<Completion> Queue::wait(std::uint32_t slot, Timeout timeout) {
  const TimePoint until = time_after(timeout);
  Lock lock(mutex_);
  for (Step last = Step::changed;; last = step(lock, until)) {
    const State state = slot < depth() ? entries_[slot].state : State::free;
    if (state == State::free || state == State::held) return fail(slot_error(slot));
    if (state == State::done && options_.delivery != Delivery::callback) return take(slot);
    QAIC_CHECK(no_completion(last));
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
                        (slot < depth() ? " is not in the state that this call needs"
                                        : " does not exist, the queue has " + std::to_string(depth())),
                    "acquire a slot, submit it, get its completion, then submit it again or release it");
}

Error Queue::closed_error() const {
  return make_error(ErrorKind::unavailable, "queue-closed",
                    name_ + ": the queue was closed before the inference finished");
}

// Why a caller goes away without a completion, if it has to.
Result<void> Queue::no_completion(Step step) const {
  if (options_.delivery == Delivery::callback) {
    return fail(make_error(ErrorKind::usage, "queue-callback",
                           name_ + ": completions of this queue go to its callback"));
  }
  if (step == Step::changed) return {};
  if (step == Step::interrupted) return fail(entries_[0].submission->finish_error(EINTR));
  return fail(make_error(ErrorKind::deadline, "queue-timeout", name_ + ": no inference finished in time",
                         "wait again"));
}

// One step towards a completion: in the kernel for the oldest inference, or for
// the thread that is there already.
Queue::Step Queue::step(Lock& lock, TimePoint until) {
  if (options_.delivery == Delivery::wait && reaper_ == Reaper::none && !in_flight_.empty()) {
    const Step reaped = reap(lock, until);
    changed_.notify_all();  // somebody else's, or somebody else's turn
    return reaped;
  }
  return changed_.wait_until(lock, until) == std::cv_status::timeout ? Step::timeout : Step::changed;
}

Queue::Step Queue::reap(Lock& lock, TimePoint until) {
  const std::uint32_t slot = in_flight_.front();
  Entry& entry = entries_[slot];
  const TimePoint now = Clock::now();
  const TimePoint limit = std::min({until, entry.deadline, now + kPiece});
  reaper_ = Reaper::present;
  lock.unlock();
  const auto outcome = entry.submission->finish(patience(now, limit));
  lock.lock();
  reaper_ = Reaper::none;
  const int number = outcome ? 0 : outcome.error().value;
  if (number == EINTR) return Step::interrupted;
  if (number == ETIMEDOUT) {
    const TimePoint after = Clock::now();
    if (after < entry.deadline) return after < until ? Step::changed : Step::timeout;
    entry.late = true;
  }
  in_flight_.pop();
  finish(slot, outcome ? End::done : End::not_finished, number);
  if (!pending_.empty()) begin_pending();
  return Step::changed;
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
      finish(slot, End::not_begun, number);
    }
  }
}

void Queue::finish(std::uint32_t slot, End end, int number) {
  Entry& entry = entries_[slot];
  entry.state = State::done;
  entry.end = end;
  entry.number = number;
  done_.push(slot);
  if (event_.valid() && done_.size() == 1) os::set_event(event_.get());
}

Completion Queue::take(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  entry.state = State::held;
  done_.remove(slot);
  if (event_.valid() && done_.empty()) os::clear_event(event_.get());
  Completion completion;
  completion.slot = slot;
  completion.user_data = entry.user_data;
  switch (entry.end) {
    case End::done:
      break;
    case End::not_begun:
      completion.error = entry.submission->begin_error(entry.number);
      break;
    case End::not_finished:
      completion.error = entry.submission->finish_error(entry.number);
      break;
    case End::closed:
      completion.error = closed_error();
      break;
  }
  return completion;
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
  const auto outcome = entry.submission->finish(patience(now, std::min(until, now + kPiece)));
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
      options_.callback(completion);
      lock.lock();
    }
    calling_ = Calling::no;
  };
  Lock lock(mutex_);
  while (phase_ == Phase::open) {
    if (in_flight_.empty()) {
      changed_.wait(lock);
    } else {
      if (reap(lock, TimePoint::max()) != Step::changed) continue;
      call_back(lock);
      changed_.notify_all();
    }
  }
  for (SlotList* list : {&in_flight_, &pending_}) {
    for (; !list->empty(); list->pop()) finish(list->front(), End::closed, 0);
  }
  call_back(lock);
}

}  // namespace qaic::core
