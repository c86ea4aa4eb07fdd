// Numbers of slots, first in, first out, in memory that is there from the start.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qaic::core {

// Holds each of `capacity` slots at most once.
class SlotList {
 public:
  explicit SlotList(std::size_t capacity) : slots_(std::bit_ceil(capacity)), mask_(slots_.size() - 1) {}

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::uint32_t front() const { return slots_[first_ & mask_]; }
  void push(std::uint32_t slot) { slots_[(first_ + count_++) & mask_] = slot; }
  void pop() {
    ++first_;
    --count_;
  }
  // Takes `slot` out wherever it is; the order of the others stays.
  void remove(std::uint32_t slot) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint32_t found = slots_[(first_ + i) & mask_];
      if (found != slot) slots_[(first_ + kept++) & mask_] = found;
    }
    count_ = kept;
  }

 private:
  std::vector<std::uint32_t> slots_;
  std::size_t mask_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace qaic::core
