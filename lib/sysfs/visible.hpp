// QAIC_VISIBLE_DEVICES: which cards a process is meant to use.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace qaic::sysfs {

// QIDs in a list such as "0,2", as written. Empty text is an empty list: no
// card is visible. Errors: visible-devices (kind usage) for anything else.
[[nodiscard]] base::Result<std::vector<std::uint32_t>> parse_visible_devices(std::string_view text);

}  // namespace qaic::sysfs
