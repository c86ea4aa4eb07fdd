// Hands out contiguous pieces of one numbered range (bytes of DDR, multicast
// ids) and takes them back. First fit, neighbours merge, so fragmentation is
// what really happens to whoever loads and unloads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace qaic::sim::device {

class RangeAllocator;

// A piece that is given back when this goes. Move-only; must not outlive its
// allocator. A default-constructed one is empty.
class Range {
 public:
  Range() = default;
  Range(Range&& other) noexcept;
  Range& operator=(Range&& other) noexcept;
  ~Range();

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  friend class RangeAllocator;
  Range(RangeAllocator* owner, std::uint64_t offset, std::uint64_t size)
      : owner_(owner), offset_(offset), size_(size) {}
  void release();

  RangeAllocator* owner_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

class RangeAllocator {
 public:
  using Released = std::function<void(std::uint64_t offset, std::uint64_t size)>;

  // [0, total rounded down to `unit`); every piece is a multiple of `unit`, a
  // power of two. `released` hears of each piece that comes back.
  RangeAllocator(std::uint64_t total, std::uint64_t unit, Released released = {});
  // A part of another, which must outlive it; offsets are the other's.
  RangeAllocator(Range from, const RangeAllocator& outer);
  RangeAllocator(const RangeAllocator&) = delete;
  RangeAllocator& operator=(const RangeAllocator&) = delete;

  // A piece of at least `size`, rounded up; an empty Range for 0; nothing when
  // no free stretch is long enough.
  [[nodiscard]] std::optional<Range> take(std::uint64_t size);

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t free() const { return free_; }
  [[nodiscard]] std::uint64_t largest_free() const;
  // 100 * (1 - largest free / free), rounded down; 0 when nothing is free.
  [[nodiscard]] std::uint32_t fragmentation_percent() const;

 private:
  friend class Range;
  void give_back(std::uint64_t offset, std::uint64_t size);

  std::uint64_t total_;
  std::uint64_t unit_;
  std::uint64_t free_;
  std::map<std::uint64_t, std::uint64_t> stretches_;  // free: offset -> size
  Released released_;
  Range from_;
};

}  // namespace qaic::sim::device
