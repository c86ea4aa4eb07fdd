// The checker: proves from a program's description what can be proved before
// anything of it reaches a driver, and says what cannot be known. Rules, proofs
// and their limits: docs/checker.md. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "lib/program/finding.hpp"
#include "lib/program/program.hpp"

namespace qaic::program {

// What a card has. As given here: the largest that is known (runtime-protocols
// §3.1).
struct CardLimits {
  std::uint32_t nsps = 16;
  std::uint32_t semaphores = 32;
  std::uint32_t multicast_ids = 3072;
  std::uint64_t memory_bytes = std::uint64_t{32} << 30;
  Severity severity = Severity::error;  // of a program that needs more
};

// `program` may be anything that read_program() gave out. Constants are not
// read, only their sizes.
[[nodiscard]] Findings check_program(const Program& program);

// Whether a card can have what `program` needs: the rules fit-* but fit-queue,
// which is the library's own limit and part of check_program().
void check_fit(const Program& program, const CardLimits& card, Findings& out);

}  // namespace qaic::program
