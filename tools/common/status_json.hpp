// A card and its status as JSON rows, with what is absent and why.
#pragma once

#include <nlohmann/json.hpp>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "tools/common/probe_client.hpp"

namespace qaic::tools {

// What sysfs tells: no node was opened for it.
nlohmann::json card_json(const qaic_card_info& card);

// card_json and everything STATUS tells; fields that are unknown are null and
// named in "absent" with a reason and a hint.
nlohmann::json status_json(const qaic_card_info& card, const ProbeAnswer& answer);

// "ready", "initializing", "no_driver", "no_node", "no_permission",
// "no_answer" or "error".
std::string state_name(const ProbeAnswer& answer);

// Names of the features that are on, snake_case.
std::vector<std::string> feature_names(std::uint64_t features);

// "1.18.2.0"; without build when it is 255.
std::string version_text(unsigned major, unsigned minor, unsigned patch, unsigned build);

// "0.2.0.0" out of the packed number.
std::string hw_version_text(std::uint32_t packed);

}  // namespace qaic::tools
