// A pool of up to 64 numbered things: NSPs, semaphores, channels.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace qaic::sim::device {

class NumberPool;

// Numbers taken from a pool; given back when this goes. Move-only; must not
// outlive the pool.
class Numbers {
 public:
  Numbers() = default;
  Numbers(Numbers&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), mask_(std::exchange(other.mask_, 0)) {}
  Numbers& operator=(Numbers&& other) noexcept;
  ~Numbers();

  [[nodiscard]] std::uint64_t mask() const { return mask_; }
  [[nodiscard]] std::vector<std::uint16_t> list() const;  // ascending

 private:
  friend class NumberPool;
  Numbers(NumberPool* pool, std::uint64_t mask) : pool_(pool), mask_(mask) {}

  void give_back(std::uint64_t mask);  // a part of what it has

  NumberPool* pool_ = nullptr;
  std::uint64_t mask_ = 0;
};

class NumberPool {
 public:
  explicit NumberPool(std::uint64_t numbers) : all_(numbers), free_(numbers) {}
  // A pool of what was taken from another, which must outlive it.
  explicit NumberPool(Numbers from) : all_(from.mask()), free_(from.mask()), from_(std::move(from)) {}
  NumberPool(const NumberPool&) = delete;
  NumberPool& operator=(const NumberPool&) = delete;

  // The `count` lowest free numbers, or nothing if there are fewer.
  [[nodiscard]] std::optional<Numbers> take(unsigned count);
  // Of a pool within a pool: takes more from outside, gives free ones back.
  // False, and nothing changed, if there are not so many.
  [[nodiscard]] bool grow(unsigned count);
  [[nodiscard]] bool shrink(unsigned count);
  // The lowest of all its numbers, which must not be none.
  [[nodiscard]] unsigned first() const { return static_cast<unsigned>(std::countr_zero(all_)); }
  [[nodiscard]] unsigned total() const { return static_cast<unsigned>(std::popcount(all_)); }
  [[nodiscard]] unsigned free() const { return static_cast<unsigned>(std::popcount(free_)); }

 private:
  friend class Numbers;
  std::uint64_t all_;
  std::uint64_t free_;
  Numbers from_;
};

}  // namespace qaic::sim::device
