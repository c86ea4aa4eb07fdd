#include "sim/mhi/image_file.hpp"

#include <elf.h>

#include <algorithm>

#include "base/checked.hpp"
#include "wire/mbn.hpp"

namespace qaic::sim::mhi {

namespace {

constexpr std::uint32_t kMostSegments = 256;

struct Identity {
  std::array<std::uint8_t, 16> bytes{};
};

struct Header32 {
  Identity identity;
  base::le16 type, machine;
  base::le32 version, entry, phoff, shoff, flags;
  base::le16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(Header32) == 52);

struct Header64 {
  Identity identity;
  base::le16 type, machine;
  base::le32 version;
  base::le64 entry, phoff, shoff;
  base::le32 flags;
  base::le16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(Header64) == kImageHeaderBytes);

struct Segment32 {
  base::le32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
struct Segment64 {
  base::le32 type, flags;
  base::le64 offset, vaddr, paddr, filesz, memsz, align;
};

template <class Header, class Segment>
std::optional<ImageHeader> header_as(base::Bytes front, bool is_64) {
  const auto header = base::read_struct<Header>(front);
  if (!header || header->phentsize != sizeof(Segment)) return std::nullopt;
  const std::uint32_t count = header->phnum.get();
  if (count == 0 || count > kMostSegments) return std::nullopt;
  return ImageHeader{is_64, header->machine, std::uint64_t{header->phoff},
                     count * static_cast<std::uint32_t>(sizeof(Segment))};
}

template <class Segment>
std::optional<std::uint64_t> extent_as(const ImageHeader& header, base::Bytes table) {
  std::uint64_t end = header.table_offset + header.table_size;
  bool hashed = false;
  for (std::size_t at = 0; at < header.table_size; at += sizeof(Segment)) {
    const auto segment = base::read_struct<Segment>(table, at);
    if (!segment) return std::nullopt;
    const auto stop = base::checked_add<std::uint64_t>(segment->offset, segment->filesz);
    if (!stop || *stop > kLongestImage) return std::nullopt;
    if (segment->filesz != 0) end = std::max(end, *stop);
    hashed |=
        wire::mbn::role_bits(segment->flags) == static_cast<std::uint32_t>(wire::mbn::Role::hash_segment);
  }
  return hashed ? std::optional(end) : std::nullopt;
}

}  // namespace

std::optional<ImageHeader> image_header(base::Bytes front) {
  const auto identity = base::read_struct<Identity>(front);
  if (!identity) return std::nullopt;
  const auto& bytes = identity->bytes;
  if (!std::equal(bytes.begin(), bytes.begin() + SELFMAG, ELFMAG)) return std::nullopt;
  if (bytes[EI_DATA] != ELFDATA2LSB) return std::nullopt;
  std::optional<ImageHeader> header;
  if (bytes[EI_CLASS] == ELFCLASS64) header = header_as<Header64, Segment64>(front, true);
  if (bytes[EI_CLASS] == ELFCLASS32) header = header_as<Header32, Segment32>(front, false);
  if (header && header->table_offset > kLongestImage) return std::nullopt;
  return header;
}

std::optional<std::uint64_t> image_extent(const ImageHeader& header, base::Bytes table) {
  return header.is_64 ? extent_as<Segment64>(header, table) : extent_as<Segment32>(header, table);
}

bool is_image(base::Bytes image) {
  const auto header = image_header(image);
  if (!header) return false;
  const auto table = base::slice(image, header->table_offset, header->table_size);
  if (!table) return false;
  const auto extent = image_extent(*header, *table);
  return extent && *extent <= image.size();
}

}  // namespace qaic::sim::mhi
