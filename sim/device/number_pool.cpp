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

void Numbers::give_back(std::uint64_t mask) {
  pool_->free_ |= mask;
  mask_ &= ~mask;
}

bool NumberPool::grow(unsigned count) {
  if (count == 0) return true;
  if (from_.pool_ == nullptr) return false;
  auto more = from_.pool_->take(count);
  if (!more) return false;
  const std::uint64_t mask = std::exchange(more->mask_, 0);  // ours from now on
  from_.mask_ |= mask;
  all_ |= mask;
  free_ |= mask;
  return true;
}

bool NumberPool::shrink(unsigned count) {
  if (count > free() || from_.pool_ == nullptr) return false;
  for (; count != 0; --count) {
    const std::uint64_t highest = std::bit_floor(free_);
    free_ &= ~highest;
    all_ &= ~highest;
    from_.give_back(highest);
  }
  return true;
}

std::optional<Numbers> NumberPool::take(unsigned count) {
  if (count > free()) return std::nullopt;
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < count; ++i) mask |= (free_ & ~mask) & (~(free_ & ~mask) + 1);
  free_ &= ~mask;
  return Numbers(this, mask);
}

}  // namespace qaic::sim::device
