#include <algorithm>

#include "conformance/groups.hpp"

namespace qaic::conformance {

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const auto group :
       {node_cases(),     manage_cases(), transaction_cases(), bo_cases(),       prime_cases(),
        mmap_cases(),     slice_cases(),  execute_cases(),     partial_cases(),  semaphore_cases(),
        doorbell_cases(), wait_cases(),   perf_cases(),        lifetime_cases(), ending_cases(),
        sharing_cases(),  signal_cases(), cards_cases(),       ssr_cases(),      flaw_cases(),
        limits_cases(),   reset_cases()}) {
    out.insert(out.end(), group.begin(), group.end());
  }
  std::stable_sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.hazard < b.hazard; });
  return out;
}

}  // namespace qaic::conformance
