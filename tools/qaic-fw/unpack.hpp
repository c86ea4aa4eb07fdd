// Compressed images, as the kernel's firmware loader accepts them.
#pragma once

#include <cstddef>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::fw {

// Errors: kind bad_input, id fw-compression. More than `limit` bytes of content
// is an error. What the kernel would refuse is refused here too: zstd whose
// frame does not state its content's size, xz with a check other than CRC32 or
// none (Kconfig text of FW_LOADER_COMPRESS_XZ).
base::Result<base::ByteVector> unpack_zstd(base::Bytes packed, std::size_t limit);
base::Result<base::ByteVector> unpack_xz(base::Bytes packed, std::size_t limit);

}  // namespace qaic::tools::fw
