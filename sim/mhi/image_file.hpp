// What the card's loaders look at in a firmware image before they take it:
// is it an ELF file, how far does it reach, does it have a hash segment. They
// do not compute hashes: which the real ones check, and how they report it, is
// not known. Source: firmware-images.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace qaic::sim::mhi {

struct ImageHeader {
  bool is_64 = false;
  std::uint16_t machine = 0;
  std::uint64_t table_offset = 0;  // program headers
  std::uint32_t table_size = 0;    // bytes
};

// Bytes at the front of an image that image_header() needs.
inline constexpr std::uint32_t kImageHeaderBytes = 64;
// Ours: the longest image in any release is about 2 MB.
inline constexpr std::uint64_t kLongestImage = 64U << 20;

// Nothing unless the bytes begin an ELF file with program headers.
[[nodiscard]] std::optional<ImageHeader> image_header(base::Bytes front);
// Bytes from the front to the end of the last segment. Nothing when the table
// is cut off, names no hash segment, or reaches beyond kLongestImage.
[[nodiscard]] std::optional<std::uint64_t> image_extent(const ImageHeader& header, base::Bytes table);
// The whole of an image at once.
[[nodiscard]] bool is_image(base::Bytes image);

}  // namespace qaic::sim::mhi
