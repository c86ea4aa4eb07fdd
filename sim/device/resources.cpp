#include "sim/device/resources.hpp"

#include <algorithm>
#include <utility>

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

Resources::Resources(Resources& whole, Range ddr_part, Range ids, Numbers nsp_part, Numbers semaphore_part,
                     Numbers channel_part)
    : ddr(std::move(ddr_part), whole.ddr),
      multicast_ids(std::move(ids), whole.multicast_ids),
      nsps(std::move(nsp_part)),
      semaphores(std::move(semaphore_part)),
      channels(std::move(channel_part)),
      dram_bytes(ddr.total()) {}

Granted<std::unique_ptr<Resources>> Resources::part_of(Resources& whole, const Share& share) {
  using wire::nnc::Status;
  auto nsps = whole.nsps.take(share.nsps);
  if (!nsps) return tl::unexpected(Status::nsp_exhausted);
  auto channels = whole.channels.take(share.channels);
  if (!channels) return tl::unexpected(Status::virtual_channel_exhausted);
  auto ids = whole.multicast_ids.take(share.multicast_ids);
  if (!ids) return tl::unexpected(Status::mcid_exhausted);
  auto semaphores = whole.semaphores.take(share.semaphores);
  if (!semaphores) return tl::unexpected(Status::semaphore_exhausted);
  auto ddr = whole.ddr.take(share.ddr);
  if (!ddr) return tl::unexpected(Status::memory_exhausted);
  return std::unique_ptr<Resources>(new Resources(whole, std::move(*ddr), std::move(*ids), std::move(*nsps),
                                                  std::move(*semaphores), std::move(*channels)));
}

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
  info.pc_reserved = dedicated_physical_channels;
  return info;
}

}  // namespace qaic::sim::device
