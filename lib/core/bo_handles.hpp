// The handles of an open node that Buffers own.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "base/ids.hpp"
#include "lib/uapi/ioctl.hpp"

namespace qaic::core {

// The kernel gives the same handle for a dma-buf that is there already, and
// closes it for everybody: each has one owner here. Any thread.
class BoHandles {
 public:
  [[nodiscard]] uapi::Outcome<base::BoHandle> create(int fd, std::uint64_t size);
  // EBUSY: the dma-buf is one of ours already.
  [[nodiscard]] uapi::Outcome<base::BoHandle> import(int fd, int dma_buf);
  void close(int fd, base::BoHandle handle);

 private:
  std::mutex mutex_;  // of the kernel's calls too: numbers come again
  std::set<base::BoHandle> owned_;
};

}  // namespace qaic::core
