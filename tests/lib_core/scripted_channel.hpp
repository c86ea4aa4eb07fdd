// A channel of the DMA bridge for tests of the queue: first in, first out, of a
// given room; its test says when an inference is done and what goes wrong.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "lib/core/submission.hpp"

namespace qaic::tests {

class ScriptedChannel {
 public:
  explicit ScriptedChannel(std::size_t room) : room_(room) {}

  // The card finishes the oldest; waits until there is one.
  void complete_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !queued_.empty(); });
    queued_.pop_front();
    changed_.notify_all();
  }
  // Every call from now on ends with `number`, those that sleep at once.
  void lose(int number) {
    const std::scoped_lock lock(mutex_);
    lost_ = number;
    queued_.clear();
    changed_.notify_all();
  }
  // The next call of finish() ends with EINTR.
  void interrupt() {
    const std::scoped_lock lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }
  // Something that is not ours takes room.
  void occupy(std::size_t room) {
    const std::scoped_lock lock(mutex_);
    occupied_ = room;
  }
  // So often begin() finds a buffer of the inference before still queued.
  void linger(std::size_t times) {
    const std::scoped_lock lock(mutex_);
    lingering_ = times;
  }
  // Inputs have to be gathered, which is this. Before submissions().
  void gather_by(std::function<void()> gather) { gather_ = std::move(gather); }
  // Completes each inference as soon as somebody waits for one behind it.
  void run_freely() {
    const std::scoped_lock lock(mutex_);
    free_running_ = true;
    changed_.notify_all();
  }
  // Until somebody is in finish().
  void until_waited_for() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ != 0; });
  }
  [[nodiscard]] std::size_t attempts() {
    const std::scoped_lock lock(mutex_);
    return attempts_;
  }
  [[nodiscard]] std::size_t queued() {
    const std::scoped_lock lock(mutex_);
    return queued_.size();
  }
  [[nodiscard]] std::uint32_t longest_wait_ms() {
    const std::scoped_lock lock(mutex_);
    return longest_wait_ms_;
  }

  // `count` sets of buffers of this channel, which must outlive them.
  [[nodiscard]] std::vector<std::unique_ptr<core::Submission>> submissions(std::size_t count) {
    std::vector<std::unique_ptr<core::Submission>> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(std::make_unique<Buffers>(*this));
    return all;
  }

 private:
  class Buffers : public core::Submission {
   public:
    explicit Buffers(ScriptedChannel& channel) : channel_(channel) {}
    bool has_to_gather() const override { return channel_.gather_ != nullptr; }
    void gather() override { channel_.gather_(); }
    uapi::Outcome<void> begin() override { return channel_.begin(*this); }
    uapi::Outcome<void> finish(std::uint32_t timeout_ms) override {
      return channel_.finish(*this, timeout_ms);
    }
    base::Error begin_error(int number) const override {
      return base::system_error(number, number == EAGAIN || number == EBUSY ? "queue-full" : "begin",
                                "begin");
    }
    base::Error finish_error(int number) const override {
      return base::system_error(number, number == ETIMEDOUT ? "inference-deadline" : "finish", "finish");
    }

   private:
    ScriptedChannel& channel_;
  };

  uapi::Outcome<void> begin(const Buffers& buffers) {
    const std::scoped_lock lock(mutex_);
    ++attempts_;
    if (lost_ != 0) return tl::unexpected(uapi::Errno{lost_});
    if (std::ranges::find(queued_, &buffers) != queued_.end()) return tl::unexpected(uapi::Errno{EINVAL});
    if (lingering_ > 0) {
      --lingering_;
      return tl::unexpected(uapi::Errno{EBUSY});
    }
    if (queued_.size() + occupied_ >= room_) return tl::unexpected(uapi::Errno{EAGAIN});
    queued_.push_back(&buffers);
    changed_.notify_all();
    return {};
  }

  uapi::Outcome<void> finish(const Buffers& buffers, std::uint32_t timeout_ms) {
    std::unique_lock lock(mutex_);
    longest_wait_ms_ = std::max(longest_wait_ms_, timeout_ms);
    const auto is_queued = [&] { return std::ranges::find(queued_, &buffers) != queued_.end(); };
    if (free_running_) {
      while (is_queued()) queued_.pop_front();
    }
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [&] { return lost_ != 0 || interrupted_ || !is_queued(); });
    --waiting_;
    if (lost_ != 0) return tl::unexpected(uapi::Errno{lost_});
    if (interrupted_) {
      interrupted_ = false;
      return tl::unexpected(uapi::Errno{EINTR});
    }
    if (is_queued()) return tl::unexpected(uapi::Errno{ETIMEDOUT});
    return {};
  }

  std::function<void()> gather_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t room_;
  std::size_t occupied_ = 0;
  std::size_t lingering_ = 0;
  std::deque<const Buffers*> queued_;
  std::size_t attempts_ = 0;
  std::size_t waiting_ = 0;  // in finish()
  std::uint32_t longest_wait_ms_ = 0;
  int lost_ = 0;
  bool interrupted_ = false;
  bool free_running_ = false;
};

}  // namespace qaic::tests
