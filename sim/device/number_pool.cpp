#include "sim/device/number_pool.hpp"

namespace qaic::sim::device {

Numbers& Numbers::operator=(Numbers&& other) noexcept {
  if (this == &other) return *this;
  if (pool_ != nullptr) pool_->free_ |= mask_;
  pool_ = std::exchange(other.pool_, nullptr);
  mask_ = std::exchange(other.mask_, 0);
  return *this;
}

Numbers::~Numbers() {
  if (pool_ != nullptr) pool_->free_ |= mask_;
}

std::vector<std::uint16_t> Numbers::list() const {
  std::vector<std::uint16_t> out;
  for (std::uint64_t rest = mask_; rest != 0; rest &= rest - 1) {
    out.push_back(static_cast<std::uint16_t>(std::countr_zero(rest)));
  }
  return out;
}

std::optional<Numbers> NumberPool::take(unsigned count) {
  if (count > free()) return std::nullopt;
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < count; ++i) mask |= (free_ & ~mask) & (~(free_ & ~mask) + 1);
  free_ &= ~mask;
  return Numbers(this, mask);
}

}  // namespace qaic::sim::device
