// The JSON description that `qaic-qpc pack` reads: what a program needs of the
// card and what goes in and out. Documented in qaic-qpc(1), DESCRIPTION.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/metadata.hpp"

namespace qaic::qpc {

struct Description {
  program::Metadata metadata;
  program::Descriptor descriptor;
  bool static_ecc = false;  // of constantsdesc.bin
  bool dynamic_ecc = false;
};

// `text` is the document. Entry points given by name are looked up in `elf`;
// `constants_size` is that of the constants file, 0 without one. Errors:
// qpc-description (its text says where in the document), qpc-elf.
[[nodiscard]] base::Result<Description> read_description(std::string_view text, base::Bytes elf,
                                                         std::uint64_t constants_size);

}  // namespace qaic::qpc
