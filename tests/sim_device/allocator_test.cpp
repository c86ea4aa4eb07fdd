#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "sim/device/number_pool.hpp"
#include "sim/device/range_allocator.hpp"

using qaic::sim::device::NumberPool;
using qaic::sim::device::Numbers;
using qaic::sim::device::Range;
using qaic::sim::device::RangeAllocator;

TEST_CASE("ten thousand random takes and releases keep every promise") {
  constexpr std::uint64_t kTotal = 4096 * 512;
  std::uint64_t returned = 0;
  RangeAllocator ddr(kTotal + 77, 4096, [&](std::uint64_t, std::uint64_t size) { returned += size; });
  CHECK(ddr.total() == kTotal);
  std::mt19937 random(1234);
  std::vector<Range> held;
  std::uint64_t taken = 0, released = 0;
  for (int step = 0; step < 10000; ++step) {
    if (held.empty() || random() % 5 < 3) {
      const std::uint64_t size = 1 + random() % (64 * 4096);
      const std::uint64_t largest = ddr.largest_free();
      auto range = ddr.take(size);
      const std::uint64_t rounded = (size + 4095) / 4096 * 4096;
      REQUIRE(range.has_value() == (rounded <= largest));  // refused only if nothing is long enough
      if (!range) continue;
      REQUIRE(range->size() == rounded);
      REQUIRE(range->offset() % 4096 == 0);
      REQUIRE(range->offset() + range->size() <= kTotal);
      for (const Range& other : held) {
        REQUIRE((range->offset() + range->size() <= other.offset() ||
                 other.offset() + other.size() <= range->offset()));
      }
      taken += range->size();
      held.push_back(std::move(*range));
    } else {
      const std::size_t which = random() % held.size();
      released += held[which].size();
      std::swap(held[which], held.back());
      held.pop_back();
    }
    REQUIRE(ddr.free() == kTotal - taken + released);
    REQUIRE(returned == released);
    // The largest stretch, recomputed from what is held.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> used;
    for (const Range& range : held) used.emplace_back(range.offset(), range.size());
    std::sort(used.begin(), used.end());
    std::uint64_t at = 0, largest = 0;
    for (const auto& [offset, size] : used) {
      largest = std::max(largest, offset - at);
      at = offset + size;
    }
    largest = std::max(largest, kTotal - at);
    REQUIRE(ddr.largest_free() == largest);
    REQUIRE(ddr.fragmentation_percent() == (ddr.free() == 0 ? 0 : (ddr.free() - largest) * 100 / ddr.free()));
  }
  held.clear();
  CHECK(ddr.free() == kTotal);
  CHECK(ddr.largest_free() == kTotal);
}

TEST_CASE("a take of nothing is empty, a take beyond all numbers is refused") {
  RangeAllocator ddr(8192, 4096);
  CHECK(ddr.take(0)->size() == 0);
  CHECK_FALSE(ddr.take(~0ULL));
  CHECK_FALSE(ddr.take(8193));
  CHECK(ddr.free() == 8192);
}

TEST_CASE("numbers are given lowest first and come back") {
  NumberPool pool(0b110111);
  auto first = pool.take(3);
  CHECK(first->mask() == 0b111);
  auto second = pool.take(2);
  CHECK(second->list() == std::vector<std::uint16_t>{4, 5});
  CHECK_FALSE(pool.take(1));
  *first = Numbers();
  CHECK(pool.free() == 3);
  CHECK(pool.take(1)->mask() == 1);
  NumberPool all(~0ULL);
  CHECK(all.take(64)->mask() == ~0ULL);
}
