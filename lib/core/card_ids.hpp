// What the card numbered for a Device: constants, code, activations, channels.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace qaic::core {

// A card that was reset gives its numbers out from the beginning, and the kernel
// gives out a channel that a crash took away (kernel-interface §1.9): who still
// holds such a number must not give it back, it is somebody else's by then. The
// card tells apart whose numbers they are by the open node only, so each Device
// has one of these. Any thread.
class CardIds {
 public:
  enum class Kind { constants, code, activation, channel };

  // One number, held by one Network.
  class Claim {
   public:
    explicit Claim(std::uint32_t id) : id_(id) {}
    [[nodiscard]] std::uint32_t id() const { return id_; }
    // The number was given to somebody else since.
    [[nodiscard]] bool is_lost() const { return lost_.load(std::memory_order_acquire); }

   private:
    friend class CardIds;
    std::uint32_t id_;
    std::atomic<bool> lost_ = false;
  };

  // Held from before the card is asked for a number, or to take one back, until
  // claim() or release(): nobody else's claim then comes in between. That is as
  // long as the card takes to answer; a deactivation, which the kernel holds up
  // while somebody waits for a buffer of its channel (§10 nr 9), holds up the
  // loads and unloads of this Device so long.
  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // The card gave `id` out. Whoever held it has lost it.
  [[nodiscard]] std::shared_ptr<const Claim> claim(Kind kind, std::uint32_t id);
  // Forgets it, unless it is lost.
  void release(Kind kind, const Claim& claim);

 private:
  std::mutex mutex_;
  std::map<std::pair<Kind, std::uint32_t>, std::shared_ptr<Claim>> held_;
};

}  // namespace qaic::core
