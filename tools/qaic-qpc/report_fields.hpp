// What a program says beyond that which is needed to run it, as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qaic::qpc {

// Of the key "program" of schema qaic.qpc-inspect/1.
[[nodiscard]] std::string further_fields_text(const nlohmann::json& program);

}  // namespace qaic::qpc
