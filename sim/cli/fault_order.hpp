// What an order of `qaic-sim inject` does to a card, whatever carries the card.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "sim/device/card.hpp"

namespace qaic::sim::cli {

// Does it, if it befalls the card alone (ras, crash, hang). False: it is of
// another kind. Error ids: those of Card::inject, usage.
[[nodiscard]] base::Result<bool> inject_into(device::Card& card, const nlohmann::json& order);

}  // namespace qaic::sim::cli
