#include "sim/device/transfer.hpp"

#include <algorithm>

namespace qaic::sim::device {

using wire::nnc::Status;

void Transfer::pull(HostMemory& host_memory, Bytes transaction) {
  if (status != Status::ok) return;
  const auto head = base::read_struct<wire::nnc::DmaXferToDev>(transaction);
  if (!head ||
      transaction.size() - sizeof(*head) != std::uint64_t{head->count} * sizeof(wire::nnc::DmaSegment)) {
    status = Status::dma_setup;
    return;
  }
  for (std::uint32_t i = 0; i < head->count; ++i) {
    const auto segment = base::read_struct<wire::nnc::DmaSegment>(
        transaction, sizeof(*head) + i * sizeof(wire::nnc::DmaSegment));
    if (!segment || segment->size > total - listed) {
      status = Status::dma_setup;
      return;
    }
    const std::uint64_t size = segment->size;
    const bool arrived = size == 0 || (into.empty() ? stage(host_memory, *segment)
                                                    : host_memory
                                                          .read(BusAddr(segment->addr),
                                                                into.subspan(static_cast<std::size_t>(listed),
                                                                             static_cast<std::size_t>(size)))
                                                          .has_value());
    if (!arrived) {
      status = Status::dma_setup;
      return;
    }
    listed += size;
  }
}

// A piece at a time, so that a size that nothing stands behind costs nothing.
bool Transfer::stage(HostMemory& host_memory, const wire::nnc::DmaSegment& segment) {
  constexpr std::uint64_t kPiece = 1U << 20;
  std::uint64_t from = segment.addr;
  for (std::uint64_t rest = segment.size; rest != 0;) {
    const auto size = static_cast<std::size_t>(std::min(rest, kPiece));
    const std::size_t at = staging.size();
    staging.resize(at + size);
    if (!host_memory.read(BusAddr(from), MutableBytes(staging).subspan(at, size))) return false;
    from += size;
    rest -= size;
  }
  return true;
}

}  // namespace qaic::sim::device
