#include "sim/device/resources.hpp"

#include <algorithm>

namespace qaic::sim::device {

namespace {

constexpr std::uint64_t kMebibyte = 1U << 20;

std::uint64_t mask_of(unsigned count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

}  // namespace

Resources::Resources(const CardConfig& config, Cores& cores)
    : ddr(std::min<std::uint64_t>(config.dram_bytes, cores.ddr().size()), kDdrUnit,
          [&cores](std::uint64_t offset, std::uint64_t size) { cores.forget_ddr(offset, size); }),
      multicast_ids(kMulticastIds, 1),
      nsps(mask_of(config.nsp_count) & ~config.nsp_pg_mask),
      semaphores(mask_of(kSemaphores)),
      channels(mask_of(kChannels)),
      dram_bytes(config.dram_bytes) {}

wire::nnc::ResourceInfo Resources::info() const {
  wire::nnc::ResourceInfo info;
  info.dram_total = static_cast<std::uint32_t>(dram_bytes / kMebibyte);
  info.dram_free = static_cast<std::uint32_t>(ddr.free() / kMebibyte);
  info.fragmentation = ddr.fragmentation_percent();
  info.vc_total = static_cast<std::uint8_t>(channels.total());
  info.vc_free = static_cast<std::uint8_t>(channels.free());
  info.nsp_total = static_cast<std::uint8_t>(nsps.total());
  info.nsp_free = static_cast<std::uint8_t>(nsps.free());
  info.mcid_total = static_cast<std::uint32_t>(multicast_ids.total());
  info.mcid_free = static_cast<std::uint32_t>(multicast_ids.free());
  info.semaphore_total = semaphores.total();
  info.semaphore_free = semaphores.free();
  info.pc_total = kPhysicalChannels;
  info.pc_reserved = 0;
  return info;
}

}  // namespace qaic::sim::device
