// The network in a file: an ELF file as it is, or the one inside of a program (QPC).
#pragma once

#include "base/bytes.hpp"

namespace qaic::conformance {

// The part of `file` that is to be loaded: all of it, unless it is a program. A
// program that holds no whole network gives nothing.
[[nodiscard]] base::Bytes network_in(base::Bytes file);

}  // namespace qaic::conformance
