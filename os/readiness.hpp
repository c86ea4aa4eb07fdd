// Waiting for several descriptors at once.
#pragma once

#include <chrono>
#include <optional>
#include <span>

namespace qaic::os {

struct Watched {
  int fd = -1;  // negative: not looked at
  bool want_write = false;
  // Filled in by wait(); also true when the other end is gone.
  bool readable = false;
  bool writable = false;
};

// Until one of them is readable (or writable, where that is wanted), the time
// is over, or a signal arrived.
void wait_for(std::span<Watched> watched, std::optional<std::chrono::nanoseconds> at_most);

}  // namespace qaic::os
