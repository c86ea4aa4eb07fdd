// Device addresses as the DMA bridge uses them. Where things lie is the model's
// choice (no source gives hardware's map); hosts learn it from ACTIVATE.
//
//   kDdrBase       + offset in DDR              a network's shared DDR
//   kMulticastBase + multicast id * 8 MiB       windows into NSP memories
//   kScratchBase   + dbc * 64 MiB               a channel without a network
//
// A channel reaches only what belongs to its own activation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace qaic::sim::device {

inline constexpr std::uint64_t kDdrBase = 0x10'0000'0000;
inline constexpr std::uint64_t kMulticastBase = 0x40'0000'0000;
inline constexpr std::uint64_t kScratchBase = 0x80'0000'0000;
inline constexpr std::uint64_t kScratchSize = 64ULL << 20;

class AddressMap {
 public:
  enum class Memory { ddr, local };
  // The same bytes in each of `copies` (one per NSP that a window fans out to).
  struct Place {
    std::span<const base::MutableBytes> copies;
    std::size_t offset = 0;
    Memory memory = Memory::ddr;

    [[nodiscard]] base::MutableBytes in(std::size_t copy, std::size_t size) const {
      return copies[copy].subspan(offset, size);
    }
  };

  // Card memory at `base`.
  void add_ddr(std::uint64_t base, base::MutableBytes memory);
  // The windows of consecutive multicast ids from `base` on: for each, the
  // memory behind it on every NSP that hears it, all equally long; none if the
  // host has no such window.
  void set_windows(std::uint64_t base, std::vector<std::vector<base::MutableBytes>> windows);

  // Where [address, address + size) lies, if wholly inside one thing.
  [[nodiscard]] std::optional<Place> find(std::uint64_t address, std::uint64_t size) const;

 private:
  struct Region {
    std::uint64_t base;
    base::MutableBytes memory;
  };
  std::vector<Region> regions_;
  std::uint64_t windows_base_ = 0;
  std::vector<std::vector<base::MutableBytes>> windows_;
};

}  // namespace qaic::sim::device
