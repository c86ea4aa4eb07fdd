// Runs cases, each in a process of its own with a deadline, and prints KTAP
// version 1 on stdout.
#pragma once

#include <chrono>
#include <vector>

#include "conformance/run.hpp"

namespace qaic::conformance {

enum class Outcome { ok, not_ok, flaw, skipped };

struct Tally {
  unsigned ok = 0;
  unsigned not_ok = 0;
  unsigned flaws = 0;  // that showed: expected
  unsigned skipped = 0;
};

// A case that is not done by then is killed and is not ok. It is longer than
// what a driver waits for a card that does not answer.
inline constexpr std::chrono::seconds kCaseDeadline{75};

[[nodiscard]] Tally run_all(const Settings& settings, const std::vector<Case>& cases);

}  // namespace qaic::conformance
