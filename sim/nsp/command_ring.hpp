// Semaphore commands on their way from the emulator processes of one
// activation to the simulator: a bounded queue in shared memory, many
// producers, one consumer. What was pushed is never lost; a full queue makes
// producers wait. All-zero memory is a valid, empty, ring.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace qaic::sim::nsp {

struct SemaphoreCommand {
  std::uint32_t nsp = 0;
  std::uint32_t word = 0;   // index of the semaphore word that was stored to
  std::uint32_t value = 0;  // the command
};

// Lives in shared memory: only lock-free atomics, no pointers.
class CommandRing {
 public:
  static constexpr std::uint32_t kSlots = 2048;

  // Producers. False when full.
  bool push(const SemaphoreCommand& command) {
    std::uint64_t position = tail_.load(std::memory_order_relaxed);
    for (;;) {
      Slot& slot = slots_[position % kSlots];
      const std::uint64_t turn = position / kSlots;
      const std::uint64_t state = slot.state.load(std::memory_order_acquire);
      if (state == 2 * turn) {
        if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          slot.command = command;
          slot.state.store(2 * turn + 1, std::memory_order_seq_cst);
          return true;
        }
      } else if (position == tail_.load(std::memory_order_relaxed)) {
        return false;
      } else {
        position = tail_.load(std::memory_order_relaxed);
      }
    }
  }
  // After a push: whether the consumer sleeps and this caller must wake it.
  bool claim_wakeup() { return idle_.exchange(0, std::memory_order_seq_cst) != 0; }

  // A producer that found the ring full waits on this futex while it still
  // holds `seen`, and counts itself in while it does.
  [[nodiscard]] std::uint32_t drained() const { return drained_.load(std::memory_order_seq_cst); }
  [[nodiscard]] const std::uint32_t* drained_word() const {
    return reinterpret_cast<const std::uint32_t*>(&drained_);
  }
  void wait_begin() { waiters_.fetch_add(1, std::memory_order_seq_cst); }
  void wait_end() { waiters_.fetch_sub(1, std::memory_order_seq_cst); }

  // The consumer. False when empty (or when the oldest producer is not done).
  bool pop(SemaphoreCommand& command) {
    Slot& slot = slots_[head_ % kSlots];
    const std::uint64_t turn = head_ / kSlots;
    if (slot.state.load(std::memory_order_seq_cst) != 2 * turn + 1) return false;
    command = slot.command;
    slot.state.store(2 * (turn + 1), std::memory_order_release);
    ++head_;
    return true;
  }
  // Commands were taken out; true when a producer waits on drained_word().
  bool announce_drained() {
    drained_.fetch_add(1, std::memory_order_seq_cst);
    return waiters_.load(std::memory_order_seq_cst) != 0;
  }
  // The consumer goes to sleep; it must look once more afterwards.
  void announce_idle() { idle_.store(1, std::memory_order_seq_cst); }

 private:
  struct Slot {
    std::atomic<std::uint64_t> state{0};  // 2 x turn: free; 2 x turn + 1: filled
    SemaphoreCommand command;
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  alignas(64) std::atomic<std::uint64_t> tail_{0};
  alignas(64) std::uint64_t head_ = 0;  // the consumer's
  std::atomic<std::uint32_t> idle_{0};
  std::atomic<std::uint32_t> drained_{0};
  std::atomic<std::uint32_t> waiters_{0};
  alignas(64) std::array<Slot, kSlots> slots_{};
};
static_assert(sizeof(CommandRing) <= 0x10000);

}  // namespace qaic::sim::nsp
