// Reports as JSON documents, the form in which they cross the C ABI.
#pragma once

#include <string>

#include "lib/firmware/image_set.hpp"
#include "lib/firmware/verify.hpp"

namespace qaic::firmware {

inline constexpr std::string_view kImageSchema = "qaic.fw-image/1";
inline constexpr std::string_view kSetSchema = "qaic.fw-set/1";

// Fields: docs/schema/qaic.fw-verify.json, definitions "image" and "set".
[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_json(const SetReport& report);

}  // namespace qaic::firmware
