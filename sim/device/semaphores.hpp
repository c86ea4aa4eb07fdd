// The semaphores of one network, or the private ones of a channel without a
// network: numbered from 0 as the host and the metadata number them.
// Model's choices, since no source says: counters are 32 bits wide although
// command values are 12, so that 20,000 increments count; decrement stops at 0
// and increment at the top. A wait compares with the whole counter.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "wire/uapi.hpp"

namespace qaic::sim::device {

class Semaphores {
 public:
  static constexpr unsigned kMost = 32;

  enum class Outcome { done, waits, refused };

  Semaphores() = default;
  // One semaphore per value.
  explicit Semaphores(std::span<const std::uint32_t> values) : count_(values.size()) {
    for (std::size_t i = 0; i < values.size() && i < kMost; ++i) values_[i] = values[i];
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint32_t value(std::size_t index) const { return values_[index]; }

  // Applies one command (kernel-interface §3.3). `waits`: its condition does
  // not hold, nothing changed. `refused`: no such semaphore or command.
  Outcome apply(std::uint8_t command, std::uint8_t index, std::uint16_t value) {
    if (index >= count_) return Outcome::refused;
    std::uint32_t& counter = values_[index];
    switch (static_cast<wire::uapi::SemaphoreCommand>(command)) {
      case wire::uapi::SemaphoreCommand::nop:
        return Outcome::done;
      case wire::uapi::SemaphoreCommand::init:
        counter = value;
        return Outcome::done;
      case wire::uapi::SemaphoreCommand::inc:
        if (counter != std::numeric_limits<std::uint32_t>::max()) ++counter;
        return Outcome::done;
      case wire::uapi::SemaphoreCommand::dec:
        if (counter != 0) --counter;
        return Outcome::done;
      case wire::uapi::SemaphoreCommand::wait_equal:
        return counter == value ? Outcome::done : Outcome::waits;
      case wire::uapi::SemaphoreCommand::wait_gt_eq:
        return counter >= value ? Outcome::done : Outcome::waits;
      case wire::uapi::SemaphoreCommand::wait_gt_0:
        if (counter == 0) return Outcome::waits;
        --counter;
        return Outcome::done;
    }
    return Outcome::refused;
  }

 private:
  std::size_t count_ = 0;
  std::array<std::uint32_t, kMost> values_{};
};

}  // namespace qaic::sim::device
