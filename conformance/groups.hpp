// The case tables, one group per file.
#pragma once

#include <span>
#include <vector>

#include "conformance/run.hpp"

namespace qaic::conformance {

std::span<const Case> node_cases();
std::span<const Case> manage_cases();
std::span<const Case> transaction_cases();
std::span<const Case> bo_cases();
std::span<const Case> prime_cases();
std::span<const Case> mmap_cases();
std::span<const Case> slice_cases();
std::span<const Case> execute_cases();
std::span<const Case> partial_cases();
std::span<const Case> semaphore_cases();
std::span<const Case> doorbell_cases();
std::span<const Case> wait_cases();
std::span<const Case> perf_cases();
std::span<const Case> lifetime_cases();
std::span<const Case> ending_cases();
std::span<const Case> sharing_cases();
std::span<const Case> signal_cases();
std::span<const Case> limits_cases();
std::span<const Case> flaw_cases();
std::span<const Case> cards_cases();
std::span<const Case> ssr_cases();
std::span<const Case> reset_cases();

// All of them, in the order in which they run: what may harm comes last.
[[nodiscard]] std::vector<Case> all_cases();

}  // namespace qaic::conformance
