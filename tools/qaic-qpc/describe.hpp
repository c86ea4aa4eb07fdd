// From a program back to the description that `qaic-qpc pack` reads.
#pragma once

#include <nlohmann/json.hpp>

#include "lib/program/program.hpp"

namespace qaic::qpc {

// As complete as a description can be; keys that are at their default are left
// out, but for those that a reader looks for. See qaic-qpc(1), DESCRIPTION FILE.
[[nodiscard]] nlohmann::ordered_json describe(const program::Program& program);

}  // namespace qaic::qpc
