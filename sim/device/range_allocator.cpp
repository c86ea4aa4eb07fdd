#include "sim/device/range_allocator.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"

namespace qaic::sim::device {

Range::Range(Range&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      offset_(std::exchange(other.offset_, 0)),
      size_(std::exchange(other.size_, 0)) {}

Range& Range::operator=(Range&& other) noexcept {
  if (this == &other) return *this;
  release();
  owner_ = std::exchange(other.owner_, nullptr);
  offset_ = std::exchange(other.offset_, 0);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Range::~Range() {
  release();
}

void Range::release() {
  if (owner_ != nullptr) owner_->give_back(offset_, size_);
  owner_ = nullptr;
  offset_ = size_ = 0;
}

RangeAllocator::RangeAllocator(std::uint64_t total, std::uint64_t unit, Released released)
    : total_(total & ~(unit - 1)), unit_(unit), free_(total_), released_(std::move(released)) {
  if (total_ != 0) stretches_.emplace(0, total_);
}

RangeAllocator::RangeAllocator(Range from, const RangeAllocator& outer)
    : total_(from.size()),
      unit_(outer.unit_),
      free_(total_),
      released_(outer.released_),
      from_(std::move(from)) {
  if (total_ != 0) stretches_.emplace(from_.offset(), total_);
}

std::optional<Range> RangeAllocator::take(std::uint64_t size) {
  if (size == 0) return Range();
  const auto rounded = base::checked_align_up(size, unit_);
  if (!rounded) return std::nullopt;
  const auto found = std::find_if(stretches_.begin(), stretches_.end(),
                                  [&](const auto& stretch) { return stretch.second >= *rounded; });
  if (found == stretches_.end()) return std::nullopt;
  const auto [offset, length] = *found;
  stretches_.erase(found);
  if (length > *rounded) stretches_.emplace(offset + *rounded, length - *rounded);
  free_ -= *rounded;
  return Range(this, offset, *rounded);
}

std::uint64_t RangeAllocator::largest_free() const {
  std::uint64_t largest = 0;
  for (const auto& [offset, size] : stretches_) largest = std::max(largest, size);
  return largest;
}

std::uint32_t RangeAllocator::fragmentation_percent() const {
  if (free_ == 0) return 0;
  // In units, so that the product stays far below 2^64.
  return static_cast<std::uint32_t>(((free_ - largest_free()) / unit_) * 100 / (free_ / unit_));
}

void RangeAllocator::give_back(std::uint64_t offset, std::uint64_t size) {
  if (released_) released_(offset, size);
  free_ += size;
  auto at = stretches_.emplace(offset, size).first;
  if (const auto next = std::next(at); next != stretches_.end() && at->first + at->second == next->first) {
    at->second += next->second;
    stretches_.erase(next);
  }
  if (at != stretches_.begin()) {
    const auto before = std::prev(at);
    if (before->first + before->second == at->first) {
      before->second += at->second;
      stretches_.erase(at);
    }
  }
}

}  // namespace qaic::sim::device
