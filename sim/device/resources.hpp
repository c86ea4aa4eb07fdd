// What the card has and can give to networks. RESOURCE_INFO is the sum of it.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/device/card.hpp"
#include "sim/device/granted.hpp"
#include "sim/device/number_pool.hpp"
#include "sim/device/range_allocator.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

inline constexpr std::uint64_t kDdrUnit = 4096;
inline constexpr std::uint32_t kMulticastIds = 3072;  // runtime-protocols §3.1, A184
inline constexpr unsigned kSemaphores = 32;           // of the whole card, A192
inline constexpr unsigned kChannels = 16;             // DBC 0-15 = virtual channels
// How many physical DMA channels there are nobody says; one per DBC is inferred.
inline constexpr std::uint8_t kPhysicalChannels = 16;

// What is set aside for one purpose.
struct Share {
  unsigned nsps = 0;
  std::uint64_t multicast_ids = 0;
  unsigned semaphores = 0;
  unsigned channels = 0;
  std::uint64_t ddr = 0;  // bytes
};

struct Resources {
  // The whole card. `cores` backs the DDR: never more than it can hold is given out.
  Resources(const CardConfig& config, Cores& cores);
  // A part of `whole`, which must outlive it; or which shortage forbids it.
  static Granted<std::unique_ptr<Resources>> part_of(Resources& whole, const Share& share);

  [[nodiscard]] wire::nnc::ResourceInfo info() const;

  RangeAllocator ddr;
  RangeAllocator multicast_ids;
  NumberPool nsps;
  NumberPool semaphores;
  NumberPool channels;
  std::uint64_t dram_bytes;
  std::uint8_t dedicated_physical_channels = 0;  // DEVICE_CONFIG

 private:
  Resources(Resources& whole, Range ddr, Range multicast_ids, Numbers nsps, Numbers semaphores,
            Numbers channels);
};

}  // namespace qaic::sim::device
