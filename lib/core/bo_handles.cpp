#include "lib/core/bo_handles.hpp"

#include <algorithm>
#include <cerrno>

namespace qaic::core {

namespace {

constexpr std::size_t kTries = 8;  // for each call, so that those of a network that hangs cost little

// Failures have nowhere to go: what a channel that is gone had is detached
// already, and closing the device frees what is left.
bool is_queued(int fd, base::BoHandle handle) {
  const auto detached = uapi::detach_slices(fd, handle);
  return !detached && (detached.error().value == EBUSY || detached.error().value == EINTR);
}

}  // namespace

uapi::Outcome<base::BoHandle> BoHandles::create(int fd, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  close_abandoned(fd, kTries);
  const auto handle = uapi::create_bo(fd, size);
  if (handle) owned_.insert(*handle);
  return handle;
}

uapi::Outcome<base::BoHandle> BoHandles::import(int fd, int dma_buf) {
  const std::scoped_lock lock(mutex_);
  close_abandoned(fd, abandoned_.size());  // the dma-buf may be of one of these
  const auto handle = uapi::import_bo(fd, dma_buf);
  if (!handle) return handle;
  if (abandoned_.contains(*handle) || !owned_.insert(*handle).second) {
    return tl::unexpected(uapi::Errno{EBUSY});
  }
  return handle;
}

void BoHandles::close(int fd, base::BoHandle handle, Slices slices) {
  const std::scoped_lock lock(mutex_);
  close_abandoned(fd, kTries);
  if (slices == Slices::attached && is_queued(fd, handle)) {
    abandoned_.insert(owned_.extract(handle));
    return;
  }
  (void)uapi::close_bo(fd, handle);
  owned_.erase(handle);
}

void BoHandles::close_idle(int fd) {
  const std::scoped_lock lock(mutex_);
  close_abandoned(fd, abandoned_.size());
}

// Each in its turn.
void BoHandles::close_abandoned(int fd, std::size_t tries) {
  for (tries = std::min(tries, abandoned_.size()); tries > 0; --tries) {
    auto next = abandoned_.upper_bound(tried_);
    if (next == abandoned_.end()) next = abandoned_.begin();
    tried_ = *next;
    if (is_queued(fd, *next)) continue;
    (void)uapi::close_bo(fd, *next);
    abandoned_.erase(next);
  }
}

}  // namespace qaic::core
