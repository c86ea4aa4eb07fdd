// Threads that wait for a slot, served in the order in which they came.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace qaic::core {

// All calls under one mutex, which wait() lets go of while it sleeps. Places
// are on the stacks of those who wait: nothing is allocated.
class WaitingLine {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }

  // Until this thread is served, or nothing when `until` comes first.
  [[nodiscard]] std::optional<std::uint32_t> wait(std::unique_lock<std::mutex>& lock,
                                                  std::chrono::steady_clock::time_point until) {
    Place place;
    *last_ = &place;
    last_ = &place.next;
    while (!place.slot) {
      if (place.served.wait_until(lock, until) == std::cv_status::timeout) break;
    }
    if (!place.slot) remove(place);
    return place.slot;
  }

  // Gives `slot` to the first in the line; false when nobody waits.
  [[nodiscard]] bool serve(std::uint32_t slot) {
    if (first_ == nullptr) return false;
    Place& place = *first_;
    remove(place);
    place.slot = slot;
    place.served.notify_one();  // under the mutex: the place is gone soon after
    return true;
  }

 private:
  struct Place {
    std::condition_variable served;
    std::optional<std::uint32_t> slot;
    Place* next = nullptr;
  };

  void remove(Place& place) {
    Place** at = &first_;
    while (*at != &place) at = &(*at)->next;
    *at = place.next;
    if (last_ == &place.next) last_ = at;
  }

  Place* first_ = nullptr;
  Place** last_ = &first_;
};

}  // namespace qaic::core
