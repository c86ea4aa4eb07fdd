// What `qaic-qpc inspect` shows, as text for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qaic::qpc {

// `document` is of schema qaic.qpc-inspect/1; "program" may be null.
[[nodiscard]] std::string report_text(const nlohmann::json& document);

}  // namespace qaic::qpc
