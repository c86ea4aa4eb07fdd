// KEY=VALUE settings of a simulated card, over its SKU's stock configuration.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sim/device/card.hpp"

namespace qaic::sim::cli {

// Applies one setting. Error id: sim-setting (unknown key, or a value that
// does not fit), naming the keys there are.
[[nodiscard]] base::Result<void> apply_setting(device::CardConfig& config, std::string_view setting);

// What the setting `fault` takes, separated by commas: "data-bit, …".
[[nodiscard]] std::string fault_names();

// "hw_version, nsp_count, …"
[[nodiscard]] std::string setting_names();

}  // namespace qaic::sim::cli
