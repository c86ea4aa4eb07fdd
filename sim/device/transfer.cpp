#include "sim/device/transfer.hpp"

#include <algorithm>

namespace qaic::sim::device {

using wire::nnc::Status;

bool Transfer::pull(HostMemory& host_memory, Bytes transaction, Place& place, std::uint64_t most) {
  if (status != Status::ok) return true;
  const auto head = base::read_struct<wire::nnc::DmaXferToDev>(transaction);
  if (!head ||
      transaction.size() - sizeof(*head) != std::uint64_t{head->count} * sizeof(wire::nnc::DmaSegment)) {
    status = Status::dma_setup;
    return true;
  }
  // A host without an IOMMU lists single pages; those that adjoin are one read.
  std::uint64_t from = 0;
  std::uint64_t run = 0;
  for (; place.segment < head->count; ++place.segment, place.inside = 0) {
    const auto segment = base::read_struct<wire::nnc::DmaSegment>(
        transaction, sizeof(*head) + place.segment * sizeof(wire::nnc::DmaSegment));
    if (!segment || segment->size - place.inside > total - listed - run) {
      status = Status::dma_setup;
      return true;
    }
    const std::uint64_t size = std::min(segment->size - place.inside, most);
    if (segment->addr + place.inside != from + run) {
      if (!read(host_memory, from, run)) return true;
      from = segment->addr + place.inside;
      run = 0;
    }
    run += size;
    most -= size;
    place.inside += size;
    if (place.inside != segment->size) return !read(host_memory, from, run);
  }
  (void)read(host_memory, from, run);
  return true;
}

// The next bytes of the transfer; false when the host did not map them.
bool Transfer::read(HostMemory& host_memory, std::uint64_t from, std::uint64_t size) {
  if (size == 0) return true;
  const bool arrived = into.empty() ? stage(host_memory, from, size)
                                    : host_memory
                                          .read(BusAddr(from), into.subspan(static_cast<std::size_t>(listed),
                                                                            static_cast<std::size_t>(size)))
                                          .has_value();
  if (!arrived) {
    status = Status::dma_setup;
    return false;
  }
  listed += size;
  return true;
}

// A piece at a time, so that a size that nothing stands behind costs nothing.
bool Transfer::stage(HostMemory& host_memory, std::uint64_t from, std::uint64_t size) {
  constexpr std::uint64_t kPiece = 1U << 20;
  for (std::uint64_t rest = size; rest != 0;) {
    const auto piece = static_cast<std::size_t>(std::min(rest, kPiece));
    const std::size_t at = staging.size();
    staging.resize(at + piece);
    if (!host_memory.read(BusAddr(from), MutableBytes(staging).subspan(at, piece))) return false;
    from += piece;
    rest -= piece;
  }
  return true;
}

}  // namespace qaic::sim::device
