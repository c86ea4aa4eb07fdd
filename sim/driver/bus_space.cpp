#include "sim/driver/bus_space.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/uapi.hpp"

namespace qaic::sim::driver {

namespace {

constexpr std::uint64_t kPage = wire::uapi::kPageSize;

tl::unexpected<base::Error> fault(std::uint64_t address, std::uint64_t size, const char* verb) {
  return base::fail(base::make_error(base::ErrorKind::device, "bus-fault",
                                     std::string("the card tried to ") + verb + " " + std::to_string(size) +
                                         " bytes at bus address " + std::to_string(address) +
                                         ", which the host did not map for that"));
}

}  // namespace

std::uint64_t BusSpace::reserve(std::uint64_t offset_in_page, std::uint64_t size) {
  const std::uint64_t start = next_ + offset_in_page;
  // One page stays unmapped behind each range: running over its end is a fault.
  next_ = ((start + size + kPage - 1) & ~(kPage - 1)) + kPage;
  return start;
}

base::BusAddr BusSpace::map(base::MutableBytes memory, Access access) {
  const std::uint64_t start = reserve(0, memory.size());
  ranges_.push_back({start, memory.size(), access, memory.data(), nullptr, 0});
  return base::BusAddr{start};
}

base::BusAddr BusSpace::map_client(std::shared_ptr<ClientMemory> client, std::uint64_t address,
                                   std::uint64_t size) {
  const std::uint64_t start = reserve(address & (kPage - 1), size);
  ranges_.push_back({start, size, Access::read, nullptr, std::move(client), address});
  return base::BusAddr{start};
}

void BusSpace::unmap(base::BusAddr start) {
  const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), start.value,
                                   [](const Range& range, std::uint64_t key) { return range.start < key; });
  if (at != ranges_.end() && at->start == start.value) ranges_.erase(at);
}

const BusSpace::Range* BusSpace::find(std::uint64_t address, std::uint64_t size) {
  const auto holds = [&](const Range& range) {
    return address >= range.start && address - range.start <= range.size &&
           range.size - (address - range.start) >= size;
  };
  if (last_hit_ < ranges_.size() && holds(ranges_[last_hit_])) return &ranges_[last_hit_];
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), address,
                       [](std::uint64_t key, const Range& range) { return key < range.start; });
  if (after == ranges_.begin()) return nullptr;
  const auto at = after - 1;
  if (!holds(*at)) return nullptr;
  last_hit_ = static_cast<std::size_t>(at - ranges_.begin());
  return &*at;
}

base::Result<void> BusSpace::read(base::BusAddr from, base::MutableBytes out) {
  const Range* range = find(from.value, out.size());
  if (range == nullptr || range->access == Access::write) return fault(from.value, out.size(), "read");
  const std::uint64_t offset = from.value - range->start;
  if (range->memory != nullptr) {
    if (!out.empty()) std::memcpy(out.data(), range->memory + offset, out.size());
  } else if (!range->client->read(range->client_address + offset, out)) {
    return fault(from.value, out.size(), "read");
  }
  return {};
}

base::Result<void> BusSpace::write(base::BusAddr to, base::Bytes in) {
  const Range* range = find(to.value, in.size());
  if (range == nullptr || range->access == Access::read) return fault(to.value, in.size(), "write");
  if (!in.empty()) std::memcpy(range->memory + (to.value - range->start), in.data(), in.size());
  return {};
}

}  // namespace qaic::sim::driver
