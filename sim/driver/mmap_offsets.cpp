#include "sim/driver/mmap_offsets.hpp"

#include <iterator>

namespace qaic::sim::driver {

std::optional<std::uint64_t> MmapOffsets::allocate(std::uint64_t size, Bo& bo) {
  auto best = holes_.end();
  for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
    if (hole->second < size) continue;
    if (best == holes_.end() || hole->second < best->second) best = hole;
  }
  if (best == holes_.end() || size == 0) return std::nullopt;
  const auto [offset, hole_size] = *best;
  holes_.erase(best);
  if (hole_size > size) holes_.emplace(offset + size, hole_size - size);
  used_.emplace(offset, Used{size, &bo});
  return offset;
}

void MmapOffsets::release(std::uint64_t offset) {
  const auto at = used_.find(offset);
  if (at == used_.end()) return;
  auto hole = holes_.emplace(offset, at->second.size).first;
  used_.erase(at);
  const auto next = std::next(hole);
  if (next != holes_.end() && hole->first + hole->second == next->first) {
    hole->second += next->second;
    holes_.erase(next);
  }
  if (hole != holes_.begin()) {
    const auto before = std::prev(hole);
    if (before->first + before->second == hole->first) {
      before->second += hole->second;
      holes_.erase(hole);
    }
  }
}

Bo* MmapOffsets::find(std::uint64_t offset) const {
  const auto at = used_.find(offset);
  return at == used_.end() ? nullptr : at->second.bo;
}

}  // namespace qaic::sim::driver
