// SHA-384, the only hash that images use.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace qaic::firmware {

using Sha384 = std::array<std::byte, 48>;

// The digest; nothing if libcrypto cannot compute it on this host.
[[nodiscard]] std::optional<Sha384> sha384(base::Bytes bytes);

// Lower-case hex digits.
[[nodiscard]] std::string hex(base::Bytes bytes);

}  // namespace qaic::firmware
