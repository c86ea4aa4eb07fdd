// What a program needs of a card, as far as its file says: what the checker
// holds against a card, and what is named when a card has not enough. Values;
// safe to use from any thread.
#pragma once

#include <cstdint>

#include "lib/program/program.hpp"

namespace qaic::program {

struct Demand {
  std::uint64_t nsps = 0;
  std::uint64_t semaphores = 0;
  // As many as the host or an NSP has in its table, whichever is longer.
  std::uint64_t multicast_ids = 0;
  // Code, constants, shared DDR and heap: at least that much, since what firmware
  // needs besides is not known. UINT64_MAX if the sum is no number.
  std::uint64_t memory_bytes = 0;
};

[[nodiscard]] Demand demand_of(const Program& program);

}  // namespace qaic::program
