// Which cards a command is about: -d selectors against the inventory.
#pragma once

#include <chrono>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "tools/common/failure.hpp"

namespace qaic::tools {

struct Selection {
  std::vector<qaic_card_info> cards;  // ordered by PCI address, each once
  bool driver_present = false;
  std::vector<Failure> failures;  // one per selector that matched nothing, or why there are no cards
};

// Without selectors: all visible cards. A selector is a position (3), accelN, a
// node path, a PCI address (with or without domain), or a serial of card or
// board; only serials make cards be asked (opens their nodes). Cards that
// QAIC_VISIBLE_DEVICES hides match no selector.
Selection select_cards(const std::vector<std::string>& selectors, std::chrono::milliseconds deadline);

}  // namespace qaic::tools
