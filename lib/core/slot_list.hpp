// Numbers of slots, first in, first out, in memory that is there from the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qaic::core {

// Holds each of `capacity` slots at most once.
class SlotList {
 public:
  explicit SlotList(std::size_t capacity) : slots_(capacity) {}

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::uint32_t front() const { return slots_[first_]; }
  void push(std::uint32_t slot) { slots_[at(count_++)] = slot; }
  void pop() {
    first_ = at(1);
    --count_;
  }
  // Takes `slot` out wherever it is; the order of the others stays.
  void remove(std::uint32_t slot) {
    if (count_ != 0 && front() == slot) return pop();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (slots_[at(i)] != slot) slots_[at(kept++)] = slots_[at(i)];
    }
    count_ = kept;
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t position) const {
    const std::size_t index = first_ + position;
    return index < slots_.size() ? index : index - slots_.size();
  }

  std::vector<std::uint32_t> slots_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace qaic::core
