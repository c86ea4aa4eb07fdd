// How often the process allocates, and how much it copies: its malloc and
// memcpy are counted, those that its libraries call too.
#pragma once

#include <cstdint>

namespace qaic::bench {

struct Calls {
  std::uint64_t allocations = 0;   // malloc, calloc, realloc, and what operator new makes of them
  std::uint64_t copied_bytes = 0;  // by memcpy and memmove that were not inlined
};

[[nodiscard]] Calls calls_so_far();

}  // namespace qaic::bench
