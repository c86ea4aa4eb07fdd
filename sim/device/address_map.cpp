#include "sim/device/address_map.hpp"

#include <utility>

#include "wire/nnc.hpp"

namespace qaic::sim::device {

namespace {

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t length) {
  return offset <= length && size <= length - offset;
}

}  // namespace

void AddressMap::add_ddr(std::uint64_t base, base::MutableBytes memory) {
  if (!memory.empty()) regions_.push_back({base, memory});
}

void AddressMap::set_windows(std::uint64_t base, std::vector<std::vector<base::MutableBytes>> windows) {
  windows_base_ = base;
  windows_ = std::move(windows);
}

std::optional<AddressMap::Place> AddressMap::find(std::uint64_t address, std::uint64_t size) const {
  for (const Region& region : regions_) {
    if (address < region.base) continue;
    const std::uint64_t offset = address - region.base;
    if (!inside(offset, size, region.memory.size())) continue;
    return Place{{&region.memory, 1}, static_cast<std::size_t>(offset), Memory::ddr};
  }
  if (address < windows_base_) return std::nullopt;
  const std::uint64_t id = (address - windows_base_) / wire::nnc::kMulticastWindow;
  if (id >= windows_.size() || windows_[id].empty()) return std::nullopt;
  const std::uint64_t offset = (address - windows_base_) % wire::nnc::kMulticastWindow;
  if (!inside(offset, size, windows_[id].front().size())) return std::nullopt;
  return Place{windows_[id], static_cast<std::size_t>(offset), Memory::local};
}

}  // namespace qaic::sim::device
