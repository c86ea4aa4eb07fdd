// The handles of an open node that Buffers own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

#include "base/ids.hpp"
#include "lib/uapi/ioctl.hpp"

namespace qaic::core {

// The kernel gives the same handle for a dma-buf that is there already, and
// closes it for everybody: each has one owner here.
//
// A BO that is closed while the card has it would stay allocated until its channel
// is released (kernel-interface §10 nr 24), and nothing says when the card is done
// with it. So it is kept, and tried again with each of the calls below. Any thread.
class BoHandles {
 public:
  [[nodiscard]] uapi::Outcome<base::BoHandle> create(int fd, std::uint64_t size);
  // EBUSY: the dma-buf is one of ours already.
  [[nodiscard]] uapi::Outcome<base::BoHandle> import(int fd, int dma_buf);
  enum class Slices { none, attached };
  // Detaches what is attached, then closes; later, if the card has it.
  void close(int fd, base::BoHandle handle, Slices slices);
  // Closes all that was kept and that the card does not have any more.
  void close_idle(int fd);

 private:
  void close_abandoned(int fd, std::size_t tries);

  std::mutex mutex_;  // of the kernel's calls too: numbers come again
  std::set<base::BoHandle> owned_;
  std::set<base::BoHandle> abandoned_;  // attached, and queued when their owners went
  base::BoHandle tried_;                // the last of them that was tried
};

}  // namespace qaic::core
