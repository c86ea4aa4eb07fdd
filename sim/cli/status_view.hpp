// Asking started cards for their status, and showing it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"

namespace qaic::sim::cli {

// Fields "devices" and "cards" of the document. Error ids: those of Link.
[[nodiscard]] base::Result<nlohmann::json> ask_status(const std::string& name);
[[nodiscard]] std::string status_text(const nlohmann::json& status);

}  // namespace qaic::sim::cli
