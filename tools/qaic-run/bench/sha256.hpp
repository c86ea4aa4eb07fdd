// SHA-256 (FIPS 180-4), to say which file was measured. Not for secrets.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace qaic::tools::run::bench {

// 64 hexadecimal digits, as sha256sum prints them.
[[nodiscard]] std::string sha256(base::Bytes data);

}  // namespace qaic::tools::run::bench
