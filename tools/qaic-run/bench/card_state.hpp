// Health and link of a card before and after a run, and what became different.
#pragma once

#include <nlohmann/json.hpp>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "tools/common/probe_client.hpp"

namespace qaic::tools::run::bench {

struct CardState {
  qaic_card_info info{};
  ProbeAnswer answer;
  // Reliability events since the driver took the card; nothing where the
  // kernel does not count them.
  std::optional<std::uint64_t> correctable, uncorrectable, uncorrectable_nonfatal;
};

// Of these cards as they are now, in their order. Asks them through the probe child.
[[nodiscard]] std::vector<CardState> states_of(const std::vector<qaic_card_info>& cards,
                                               std::chrono::milliseconds deadline);

// The fields that matter, each null when it is not known.
[[nodiscard]] nlohmann::json state_json(const CardState& state);
// {"field": {"before": …, "after": …}} of those that differ.
[[nodiscard]] nlohmann::json changes(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace qaic::tools::run::bench
