// Waking others: a counter that can be polled, a set of descriptors to wait
// for, and futexes in memory shared between processes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// An eventfd: close-on-exec, non-blocking, 0.
[[nodiscard]] base::Result<Fd> make_event();
// Makes an event readable, or not readable any more. Thread-safe.
void set_event(int fd);
void clear_event(int fd);

// An epoll instance. Readable itself while any of its members is, so sets nest.
class FdSet {
 public:
  static base::Result<FdSet> create();
  [[nodiscard]] int fd() const { return epoll_.get(); }
  // Reports `key` while `fd` is readable or hung up.
  [[nodiscard]] base::Result<void> add(int fd, std::uint64_t key);
  void remove(int fd);
  // Keys of the members that are ready now; never blocks.
  [[nodiscard]] std::vector<std::uint64_t> ready();

 private:
  Fd epoll_;
};

// Wakes everybody, in any process, who waits on the futex at `word`.
void futex_wake_all(const std::uint32_t* word);

}  // namespace qaic::os
