#include "lib/core/bo_handles.hpp"

#include <cerrno>

namespace qaic::core {

uapi::Outcome<base::BoHandle> BoHandles::create(int fd, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  const auto handle = uapi::create_bo(fd, size);
  if (handle) owned_.insert(*handle);
  return handle;
}

uapi::Outcome<base::BoHandle> BoHandles::import(int fd, int dma_buf) {
  const std::scoped_lock lock(mutex_);
  const auto handle = uapi::import_bo(fd, dma_buf);
  if (handle && !owned_.insert(*handle).second) return tl::unexpected(uapi::Errno{EBUSY});
  return handle;
}

void BoHandles::close(int fd, base::BoHandle handle) {
  const std::scoped_lock lock(mutex_);
  // A failure has nowhere to go; closing the device frees what is left.
  (void)uapi::close_bo(fd, handle);
  owned_.erase(handle);
}

}  // namespace qaic::core
