// Zip archives as far as .npz files need them: members stored or deflated, each
// below 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::run {

struct ZipMember {
  std::string name;
  std::uint16_t method = 0;  // 0 stored, 8 deflated
  std::uint32_t crc = 0;
  std::uint32_t packed_size = 0;
  std::uint32_t size = 0;
  std::uint32_t header_offset = 0;
};

// The members that the archive's directory names, in its order. Refuses what is
// encrypted, spread over several files, larger than 4 GiB, and more than 4096
// members. Error id of all functions: tensor-zip.
[[nodiscard]] base::Result<std::vector<ZipMember>> zip_members(base::Bytes archive);

// A member's content, its checksum verified; refused when its directory entry
// says more than `limit` bytes, before anything is unpacked.
[[nodiscard]] base::Result<base::ByteVector> zip_content(base::Bytes archive, const ZipMember& member,
                                                         std::size_t limit);

struct ZipInput {
  std::string name;
  base::ByteVector content;
};
// An archive with these members, stored.
[[nodiscard]] base::Result<base::ByteVector> make_zip(const std::vector<ZipInput>& members);

}  // namespace qaic::tools::run
