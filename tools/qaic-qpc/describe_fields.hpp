// What a description holds of a program beyond that which is needed to run it.
#pragma once

#include <nlohmann/json.hpp>

#include "lib/program/program.hpp"

namespace qaic::qpc {

// Sets the keys of the metadata that are not at their default.
void describe_metadata_fields(const program::Metadata& metadata, nlohmann::ordered_json& out);

// The key "descriptor".
[[nodiscard]] nlohmann::ordered_json describe_descriptor(const program::Descriptor& descriptor);

}  // namespace qaic::qpc
