// Tensors and shapes of a descriptor, as a description has them.
#pragma once

#include <nlohmann/json.hpp>

#include "lib/program/descriptor.hpp"

namespace qaic::qpc {

[[nodiscard]] const char* direction_name(wire::qpc::Transfer direction);

// Sets "tensors" and "allowed_shapes".
void describe_tensors(const program::Descriptor& descriptor, nlohmann::ordered_json& out);

}  // namespace qaic::qpc
