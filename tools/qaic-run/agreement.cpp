#include "tools/qaic-run/agreement.hpp"

#include <algorithm>

namespace qaic::tools::run {

namespace {

bool same(const Outcome& one, const Outcome& other) {
  return one.outputs == other.outputs && one.batch_outputs == other.batch_outputs;
}

}  // namespace

Agreement agreement_of(const std::vector<const Outcome*>& outcomes) {
  Agreement result;
  result.agrees.assign(outcomes.size(), false);
  result.majority = false;
  for (const auto* candidate : outcomes) {
    const auto like_it = std::count_if(outcomes.begin(), outcomes.end(),
                                       [&](const auto* other) { return same(*candidate, *other); });
    if (2 * static_cast<std::size_t>(like_it) <= outcomes.size()) continue;
    result.majority = true;
    for (std::size_t i = 0; i < outcomes.size(); ++i) result.agrees[i] = same(*candidate, *outcomes[i]);
    break;
  }
  return result;
}

}  // namespace qaic::tools::run
