// The calling process.
#pragma once

#include <unistd.h>

#include <cstdint>

namespace qaic::os {

[[nodiscard]] inline std::uint32_t process_id() {
  return static_cast<std::uint32_t>(::getpid());
}

}  // namespace qaic::os
