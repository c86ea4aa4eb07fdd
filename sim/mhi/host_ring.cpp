#include "sim/mhi/host_ring.hpp"

#include "base/checked.hpp"

namespace qaic::sim::mhi {

std::optional<HostRing> HostRing::make(std::uint64_t base, std::uint64_t length, std::uint64_t read,
                                       std::uint64_t write) {
  if (base % kElementBytes != 0 || length % kElementBytes != 0) return std::nullopt;
  if (length < 2 * kElementBytes || length > kMaxElements * kElementBytes) return std::nullopt;
  if (!base::checked_add(base, length)) return std::nullopt;
  HostRing ring;
  ring.base_ = base;
  ring.length_ = length;
  if (!ring.holds(read) || !ring.holds(write)) return std::nullopt;
  ring.read_ = read;
  ring.write_ = write;
  return ring;
}

bool HostRing::holds(std::uint64_t pointer) const {
  return pointer >= base_ && pointer - base_ < length_ && (pointer - base_) % kElementBytes == 0;
}

std::uint64_t HostRing::after(std::uint64_t pointer) const {
  const std::uint64_t next = pointer + kElementBytes;
  return next - base_ == length_ ? base_ : next;
}

void HostRing::set_write(std::uint64_t pointer) {
  if (holds(pointer)) write_ = pointer;
}

}  // namespace qaic::sim::mhi
