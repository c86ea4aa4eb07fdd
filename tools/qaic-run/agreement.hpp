// The same job on several cards: which of them gave other outputs.
#pragma once

#include <string>
#include <vector>

#include "tools/qaic-run/card_run.hpp"

namespace qaic::tools::run {

struct Agreement {
  std::vector<bool> agrees;  // by position in `outcomes`: as most cards did
  bool majority = true;      // false: no output came from more than half of them
};

// Bit by bit, the outputs of all inferences of a batch included. Without a
// majority nobody agrees.
[[nodiscard]] Agreement agreement_of(const std::vector<const Outcome*>& outcomes);

}  // namespace qaic::tools::run
