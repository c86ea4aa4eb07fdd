// Several inferences of one network in flight, without blocking and without
// allocating. Source: kernel-interface §1.6, §1.9, §1.12; runtime-protocols §2.5.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "lib/core/inference.hpp"
#include "lib/core/network.hpp"
#include "lib/core/slot_list.hpp"
#include "lib/core/submission.hpp"
#include "lib/core/waiting_line.hpp"
#include "os/fd.hpp"

namespace qaic::core {

// How an inference ended. Its slot belongs to who gets this. What went wrong is
// put into words only when asked for (Queue::error_of()).
struct Completion {
  enum class End { done, not_begun, not_finished, closed };

  std::uint32_t slot = 0;
  End end = End::done;
  int number = 0;  // what the kernel said, unless End::done
  std::uint64_t user_data = 0;

  // The outputs are there.
  [[nodiscard]] bool succeeded() const { return end == End::done; }
};

class Queue;

// How completions are delivered.
enum class Delivery {
  wait,      // to who asks: the asking thread sleeps in the kernel, the queue has no thread
  event,     // to who asks, and a descriptor is readable while there are some
  callback,  // to a function, on a thread of the queue
};

struct QueueOptions {
  Delivery delivery = Delivery::wait;
  // For each inference, from its submission; none = as long as it takes.
  std::optional<std::chrono::milliseconds> deadline{5000};
  // For Delivery::callback. May acquire (without waiting), submit and release;
  // must not throw, nor wait, drain or destroy the queue.
  std::function<void(const Queue&, const Completion&)> callback;
};

// Slots, each with buffers of its own: acquire() one, fill its input tensors,
// submit() it, get its completion, read its outputs, submit() it again or
// release() it. Every submission has exactly one completion. They come in the
// order of submission, which is the order in which the channel works (§3.3).
//
// Any thread may call any function. A slot is handed out to one at a time.
//
// An inference for which the channel's queue has no room stays with us and goes
// to the kernel behind the next completion, in order; submit() succeeds all the
// same. Only when none of this Queue's is in flight (others fill the channel, or
// a buffer of the slot is still queued behind its outputs) is queue-full an error.
//
// After its deadline an inference is over for the caller, but the card still
// has its buffers: the slot is late. A late slot can be released; it is handed
// out again when the card gives it back.
//
// The kernel lets nobody deactivate a network while somebody waits for a buffer
// of it (§10 nr 9), so nothing here sleeps in the kernel longer than 100 ms.
class Queue {
 public:
  // No value: without limit. Zero: what is there now (Delivery::wait: within
  // 1 ms, the shortest wait the driver knows).
  using Timeout = std::optional<std::chrono::milliseconds>;

  // One for each element of the longest queue that a channel has.
  static constexpr std::uint32_t kMostSlots = 32768;
  // Errors: queue-depth (usage: no slot, or more than that).
  [[nodiscard]] static base::Result<void> check_depth(std::uint64_t depth, const std::string& name);

  // `depth` sets of buffers of `network`, which must stay loaded;
  // after it is unloaded inferences end with channel-lost. Errors: those of
  // Inference::create(); queue-depth (usage), queue-thread (unavailable: no
  // thread for Delivery::event or callback).
  // `imports`, empty or one list for each slot, are those of the Inferences.
  static base::Result<std::unique_ptr<Queue>> create(const Network& network, std::uint32_t depth,
                                                     QueueOptions options,
                                                     const std::vector<std::vector<Import>>& imports = {});
  // The same over anything that can be submitted; `name` is for errors.
  static base::Result<std::unique_ptr<Queue>> over(std::vector<std::unique_ptr<Submission>> submissions,
                                                   std::string name, QueueOptions options);

  // Nobody may be in a call any more. Inferences in flight are abandoned: their
  // memory stays until the card is done with it (Buffer); a callback gets them with
  // queue-closed (unavailable). Takes at most 100 ms.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[nodiscard]] std::uint32_t depth() const { return depth_; }
  // Its tensors; null for a slot that does not exist or is no Inference.
  [[nodiscard]] Inference* inference(std::uint32_t slot) const;
  // Readable while there are completions to be fetched; -1 if not Delivery::event.
  [[nodiscard]] int event() const { return event_.get(); }

  // A slot for the caller alone, its partial inputs whole. Who waits is served
  // in turn. Errors:
  // queue-slots (unavailable: none free in time).
  [[nodiscard]] base::Result<std::uint32_t> acquire(Timeout timeout);
  // As Inference::set_size(), until the slot is released. Errors: those; queue-slot
  // and queue-late as submit().
  [[nodiscard]] base::Result<void> set_size(std::uint32_t slot, std::size_t tensor, std::uint64_t bytes);
  // Never sleeps, but for 1 ms when the slot is late or the kernel still has a
  // buffer of it. Errors: those of
  // Inference::submit(); queue-slot (usage: the slot is not the caller's);
  // queue-late (unavailable: the card has not given it back).
  [[nodiscard]] base::Result<void> submit(std::uint32_t slot, std::uint64_t user_data);
  // The same without an Error made, and why it refuses in words.
  struct Refusal {
    enum class Why { none, slot, late, closed, kernel } why = Why::none;
    int number = 0;  // what the kernel said
  };
  [[nodiscard]] Refusal start(std::uint32_t slot, std::uint64_t user_data);
  [[nodiscard, gnu::cold]] base::Error error_of(std::uint32_t slot, Refusal refusal) const;
  // Errors: queue-slot.
  [[nodiscard]] base::Result<void> release(std::uint32_t slot);

  // The next completion, or that of one slot, which is nobody else's while that
  // call lasts. Errors: queue-timeout (deadline:
  // none came in time), wait-interrupted (unavailable: by a signal, in
  // Delivery::wait), queue-callback (usage: they go to the callback), and for
  // one slot queue-slot (usage: nothing of it is outstanding).
  [[nodiscard]] base::Result<Completion> next(Timeout timeout);
  [[nodiscard]] base::Result<Completion> wait(std::uint32_t slot, Timeout timeout);
  // Why a completion did not succeed.
  [[nodiscard]] base::Error error_of(const Completion& completion) const;
  // Until nothing is in flight; with a callback, until it has returned from the
  // last. Completions that nobody fetched stay. Errors: as next().
  [[nodiscard]] base::Result<void> drain(Timeout timeout);

 private:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;
  using Lock = std::unique_lock<std::mutex>;
  enum class State : std::uint8_t { free, held, pending, in_flight, done };
  using End = Completion::End;
  struct Entry {
    std::unique_ptr<Submission> submission;
    State state = State::free;
    bool late = false;           // over for the caller, not for the card
    bool has_to_gather = false;  // its inputs, before it begins
    std::uint32_t awaited = 0;   // so many sleep in wait() for it: one of them gets what is delivered
    Completion completion;
    TimePoint deadline;
  };
  enum class Step { ended, changed, timeout, interrupted };
  struct Reaped {
    Step step;
    std::uint32_t slot;  // with Step::ended: the one that did, in no list now
  };

  Queue(std::vector<std::unique_ptr<Submission>> submissions, std::string name, QueueOptions options);
  void work();
  void notify();
  void go_on();
  [[nodiscard]] Step sorted(Reaped reaped);
  [[nodiscard]] bool is_mine_to_reap() const;
  [[nodiscard]] Step step(Lock& lock, TimePoint until);
  [[nodiscard]] Reaped reap(Lock& lock, TimePoint until);
  void begin_pending();
  void deliver(std::uint32_t slot);
  [[nodiscard]] Completion take(std::uint32_t slot);
  [[nodiscard]] Completion hand_over(std::uint32_t slot);
  void give_back(std::uint32_t slot);
  [[nodiscard]] bool settle(Lock& lock, Entry& entry, TimePoint until);

  // What seldom happens, apart from what often does.
  [[nodiscard, gnu::cold]] Step sleep(Lock& lock, TimePoint until);
  [[nodiscard, gnu::cold]] Step sleep_for(std::uint32_t slot, Lock& lock, TimePoint until);
  [[nodiscard, gnu::cold]] bool gather(Lock& lock, std::uint32_t slot);
  [[nodiscard, gnu::cold]] Refusal make_ready(Lock& lock, std::uint32_t slot);
  [[nodiscard, gnu::cold]] base::Error slot_error(std::uint32_t slot) const;
  [[nodiscard, gnu::cold]] base::Error closed_error() const;
  [[nodiscard, gnu::cold]] base::Result<Completion> no_completion(Step step) const;
  [[nodiscard, gnu::cold]] base::Result<Completion> not_outstanding(std::uint32_t slot) const;

  std::string name_;
  QueueOptions options_;
  std::uint32_t depth_;
  Clock::duration deadline_;  // max: none
  std::vector<Inference*> inferences_;
  os::Fd event_;

  // Of everything below; held for begin(), which sleeps for 1 ms at most, not for finish().
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t sleepers_ = 0;  // on changed_
  std::vector<Entry> entries_;
  SlotList free_, late_, pending_, in_flight_, done_;
  WaitingLine line_;
  enum class Reaper { none, present } reaper_ = Reaper::none;  // sleeps in the kernel for in_flight_.front()
  enum class Calling { no, yes } calling_ = Calling::no;       // the callback is being called
  enum class Phase { open, closing } phase_ = Phase::open;
  std::thread thread_;  // not for Delivery::wait
};

}  // namespace qaic::core
