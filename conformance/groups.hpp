// The case tables, one group per file.
#pragma once

#include <span>

#include "conformance/run.hpp"

namespace qaic::conformance {

std::span<const Case> node_cases();
std::span<const Case> manage_cases();
std::span<const Case> transaction_cases();
std::span<const Case> bo_cases();
std::span<const Case> mmap_cases();
std::span<const Case> slice_cases();
std::span<const Case> execute_cases();
std::span<const Case> partial_cases();
std::span<const Case> semaphore_cases();
std::span<const Case> doorbell_cases();
std::span<const Case> wait_cases();
std::span<const Case> perf_cases();
std::span<const Case> lifetime_cases();

}  // namespace qaic::conformance
