// Asks cards for their status through the probe child, so that a card that
// never answers cannot hang the tool: the child is left behind at the deadline.
#pragma once

#include <chrono>
#include <optional>
#include <qaic/qaic.hpp>
#include <span>
#include <string>
#include <vector>

#include "tools/common/failure.hpp"

namespace qaic::tools {

// Exactly one of the two is set.
struct ProbeAnswer {
  std::optional<qaic_status> status;
  std::optional<Failure> failure;
};

// One answer per card, in the order given; cards without a node get a failure
// that says why there is none. The failure of a card that did not answer has
// id "card-no-answer".
std::vector<ProbeAnswer> probe(std::span<const qaic_card_info> cards, std::chrono::milliseconds deadline);

// Why a card has no node: no driver, or the driver made none.
Failure no_node(const qaic_card_info& card);

}  // namespace qaic::tools
