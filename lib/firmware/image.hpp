// What an image file is made of: ELF headers, segments, and the hash segment
// taken apart. Reading only; lib/firmware/verify judges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/mbn.hpp"

namespace qaic::firmware {

struct Segment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t offset = 0;       // bytes, in the file
  std::uint64_t file_size = 0;    // bytes
  std::uint64_t memory_size = 0;  // bytes

  [[nodiscard]] bool has_role(wire::mbn::Role role) const {
    return wire::mbn::role_bits(flags) == static_cast<std::uint32_t>(role);
  }
};

// Spans point into the bytes that were parsed.
struct Image {
  base::Bytes bytes;
  std::uint32_t class_bits = 0;    // 32 or 64
  std::uint16_t machine = 0;       // e_machine
  std::uint64_t headers_size = 0;  // ELF header and program headers, bytes
  std::vector<Segment> segments;

  [[nodiscard]] base::Bytes content(const Segment& segment) const;
};

struct HashSegment {
  std::size_t index = 0;  // in Image::segments
  base::Bytes bytes;
  wire::mbn::HashSegmentHeader header;
  wire::mbn::OwnerMetadata metadata;
  base::Bytes table;
  base::Bytes signed_bytes;  // header, metadata and table
  base::Bytes signature;     // padded
  base::Bytes chain;         // padded

  [[nodiscard]] base::Bytes entry(std::size_t segment) const;
};

// The steps below are the first five checks of an image, in order. Errors:
// kind bad_input = this is no firmware image at all, kind verdict = it is one,
// and it is wrong.

// ELF header and program headers; every segment lies inside the file, and they
// do not overlap. Ids: fw-not-elf, fw-no-hash-segment (bad_input), fw-truncated,
// fw-elf-malformed.
[[nodiscard]] base::Result<Image> read_elf(base::Bytes bytes);

// Where the one hash segment is. Ids: fw-no-hash-segment (bad_input),
// fw-many-hash-segments.
[[nodiscard]] base::Result<std::size_t> find_hash_segment(const Image& image);

// The header of the hash segment. Ids: fw-hash-header-version, fw-hash-sizes.
[[nodiscard]] base::Result<wire::mbn::HashSegmentHeader> read_hash_header(const Image& image,
                                                                          std::size_t index);

// Takes the hash segment apart; its sizes agree with each other and with the
// segment. Ids: fw-hash-sizes.
[[nodiscard]] base::Result<HashSegment> read_hash_segment(const Image& image, std::size_t index,
                                                          const wire::mbn::HashSegmentHeader& header);

// Bytes of the file that belong to no segment, so that no hash covers them.
struct Uncovered {
  std::uint64_t bytes = 0;
  std::uint64_t not_fill = 0;  // of these, how many are neither 0x00 nor 0xFF
};
[[nodiscard]] Uncovered uncovered(const Image& image);

}  // namespace qaic::firmware
