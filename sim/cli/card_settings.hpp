// KEY=VALUE settings of a simulated card, over its SKU's stock configuration.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sim/device/card.hpp"

namespace qaic::sim::cli {

// Applies one setting. Error id: sim-setting (unknown key, or a value that
// does not fit), naming the keys there are.
[[nodiscard]] base::Result<void> apply_setting(device::CardConfig& config, std::string_view setting);

// "2:KEY=VALUE" is a setting of card 2 alone. Nothing: of every card.
struct CardSetting {
  std::optional<std::size_t> card;
  std::string_view setting;
};
[[nodiscard]] CardSetting split_setting(std::string_view text);

// What the setting `fault` takes, separated by commas: "data-bit, …".
[[nodiscard]] std::string fault_names();

// "hw_version, nsp_count, …"
[[nodiscard]] std::string setting_names();

}  // namespace qaic::sim::cli
