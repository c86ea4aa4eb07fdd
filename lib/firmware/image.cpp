#include "lib/firmware/image.hpp"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/checked.hpp"

namespace qaic::firmware {
namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using wire::mbn::Role;

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

bool has_prefix(base::Bytes bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() && base::as_text(bytes.first(prefix.size())) == prefix;
}

base::Error not_elf(base::Bytes bytes) {
  if (bytes.empty()) return make_error(ErrorKind::bad_input, "fw-not-elf", "the file is empty");
  if (has_prefix(bytes, "version https://git-lfs")) {
    return make_error(ErrorKind::bad_input, "fw-not-elf",
                      "this is a Git LFS pointer, not the image it stands for",
                      "fetch the content with: git lfs pull");
  }
  return make_error(ErrorKind::bad_input, "fw-not-elf", "the file does not begin like an ELF file");
}

Result<Image> malformed(std::string what) {
  return fail(make_error(ErrorKind::verdict, "fw-elf-malformed", std::move(what)));
}

// Every segment lies inside the file, and no byte belongs to two of them: a
// file of a few kilobytes could otherwise ask for gigabytes to be hashed.
Result<void> check_extents(const Image& image) {
  std::optional<std::uint64_t> total = 0;
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    const Segment& segment = image.segments[i];
    if (segment.file_size != 0 && !base::slice(image.bytes, segment.offset, segment.file_size)) {
      return fail(make_error(ErrorKind::verdict, "fw-truncated",
                             "segment " + std::to_string(i) + " reaches beyond the end of the file (" +
                                 std::to_string(image.bytes.size()) + " bytes)",
                             "copy the file again: it is shorter than its headers say"));
    }
    total = base::checked_add(*total, segment.file_size);
    if (!total || *total > image.bytes.size()) {
      return fail(make_error(ErrorKind::verdict, "fw-elf-malformed", "segments overlap in the file"));
    }
  }
  return {};
}

}  // namespace

base::Bytes Image::content(const Segment& segment) const {
  return base::slice(bytes, segment.offset, segment.file_size).value_or(base::Bytes{});
}

base::Bytes HashSegment::entry(std::size_t segment) const {
  return base::slice(table, segment * wire::mbn::kHashSize, wire::mbn::kHashSize).value_or(base::Bytes{});
}

Result<Image> read_elf(base::Bytes bytes) {
  if (!has_prefix(bytes, ELFMAG)) return fail(not_elf(bytes));
  const bool wide = bytes.size() > EI_CLASS && bytes[EI_CLASS] == std::byte{ELFCLASS64};
  if (bytes.size() < (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) {
    return fail(make_error(ErrorKind::verdict, "fw-truncated", "the file ends inside its ELF header"));
  }
  if (elf_version(EV_CURRENT) == EV_NONE) {
    return fail(make_error(ErrorKind::internal, "fw-libelf", "libelf does not know the ELF version"));
  }
  // libelf wants a mutable pointer, but does not write to memory it only reads.
  auto* start = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
  const std::unique_ptr<Elf, ElfEnd> elf(elf_memory(start, bytes.size()));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return malformed("libelf refuses the ELF identification");

  GElf_Ehdr header{};
  if (gelf_getehdr(elf.get(), &header) == nullptr) return malformed("the ELF header cannot be read");
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) return malformed("the ELF file is not little-endian");

  Image image;
  image.bytes = bytes;
  image.class_bits = wide ? 64 : 32;
  image.machine = header.e_machine;
  const std::uint64_t header_size = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
  const std::uint64_t entry_size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  if (header.e_ehsize != header_size || header.e_phoff != header_size || header.e_phentsize != entry_size) {
    return malformed("the program headers do not follow the ELF header directly");
  }
  // PN_XNUM would take the count from a section header; images have none.
  if (header.e_phnum == 0 || header.e_phnum >= PN_XNUM) return malformed("there are no program headers");
  image.headers_size = header_size + header.e_phnum * entry_size;
  if (image.headers_size > bytes.size()) {
    return fail(make_error(ErrorKind::verdict, "fw-truncated", "the file ends inside its program headers"));
  }

  for (int i = 0; i < header.e_phnum; ++i) {
    GElf_Phdr entry{};
    if (gelf_getphdr(elf.get(), i, &entry) == nullptr) {
      return malformed("program header " + std::to_string(i) + " cannot be read");
    }
    image.segments.push_back({entry.p_type, entry.p_flags, entry.p_offset, entry.p_filesz, entry.p_memsz});
  }
  const bool any_role = std::any_of(image.segments.begin(), image.segments.end(), [](const Segment& s) {
    return s.has_role(Role::hash_segment) || s.has_role(Role::headers);
  });
  if (!any_role) {
    return fail(make_error(ErrorKind::bad_input, "fw-no-hash-segment",
                           "an ordinary ELF file, not a signed firmware image"));
  }
  if (header.e_type != ET_EXEC) {
    return malformed("the ELF file is not an executable (e_type " + std::to_string(header.e_type) + ")");
  }
  QAIC_CHECK(check_extents(image));
  return image;
}

Result<std::size_t> find_hash_segment(const Image& image) {
  const auto is_hash = [](const Segment& s) { return s.has_role(Role::hash_segment); };
  const auto count = std::count_if(image.segments.begin(), image.segments.end(), is_hash);
  if (count == 0) {
    return fail(make_error(ErrorKind::bad_input, "fw-no-hash-segment",
                           "an ELF file, but without a hash segment: not a signed firmware image"));
  }
  if (count > 1) {
    return fail(make_error(ErrorKind::verdict, "fw-many-hash-segments",
                           std::to_string(count) + " hash segments, where there must be exactly one"));
  }
  const auto found = std::find_if(image.segments.begin(), image.segments.end(), is_hash);
  return static_cast<std::size_t>(found - image.segments.begin());
}

Result<wire::mbn::HashSegmentHeader> read_hash_header(const Image& image, std::size_t index) {
  const auto bytes = image.content(image.segments.at(index));
  const auto header = base::read_struct<wire::mbn::HashSegmentHeader>(bytes);
  if (!header) {
    return fail(
        make_error(ErrorKind::verdict, "fw-hash-sizes", "the hash segment is shorter than its header"));
  }
  if (header->version != wire::mbn::kHeaderVersion) {
    return fail(make_error(ErrorKind::verdict, "fw-hash-header-version",
                           "hash segment header version " + std::to_string(header->version.get()) +
                               ", only " + std::to_string(wire::mbn::kHeaderVersion) + " is known"));
  }
  return *header;
}

Result<HashSegment> read_hash_segment(const Image& image, std::size_t index,
                                      const wire::mbn::HashSegmentHeader& header) {
  const auto sizes = [](std::string what) {
    return fail(make_error(ErrorKind::verdict, "fw-hash-sizes", std::move(what)));
  };
  if (header.maker_signature_size != 0 || header.maker_chain_size != 0 || header.maker_metadata_size != 0) {
    return sizes("the hash segment announces a chip maker's signature or metadata, which is not known here");
  }
  if (header.signature_address != wire::mbn::kNoAddress || header.chain_address != wire::mbn::kNoAddress) {
    return sizes("the hash segment gives addresses for signature or chain, which must follow the table");
  }
  if (header.owner_metadata_size != sizeof(wire::mbn::OwnerMetadata)) {
    return sizes("owner metadata of " + std::to_string(header.owner_metadata_size.get()) + " bytes, only " +
                 std::to_string(sizeof(wire::mbn::OwnerMetadata)) + " is known");
  }
  // 64-bit sums of 32-bit numbers: no overflow.
  const std::uint64_t table = header.hash_table_size.get();
  const std::uint64_t signature = header.signature_size.get();
  const std::uint64_t chain = header.chain_size.get();
  if (table + signature + chain != header.payload_size.get()) {
    return sizes("hash table, signature and chain do not add up to the payload size " +
                 std::to_string(header.payload_size.get()));
  }
  HashSegment out;
  out.index = index;
  out.bytes = image.content(image.segments.at(index));
  out.header = header;
  const std::uint64_t front = sizeof(header) + sizeof(wire::mbn::OwnerMetadata);
  if (front + table + signature + chain != out.bytes.size()) {
    return sizes("the hash segment is " + std::to_string(out.bytes.size()) + " bytes, its parts are " +
                 std::to_string(front + table + signature + chain));
  }
  out.metadata = *base::read_struct<wire::mbn::OwnerMetadata>(out.bytes, sizeof(header));
  out.signed_bytes = *base::slice(out.bytes, 0, front + table);
  out.table = *base::slice(out.bytes, front, table);
  out.signature = *base::slice(out.bytes, front + table, signature);
  out.chain = *base::slice(out.bytes, front + table + signature, chain);
  return out;
}

Uncovered uncovered(const Image& image) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& segment : image.segments) {
    if (segment.file_size != 0) ranges.emplace_back(segment.offset, segment.offset + segment.file_size);
  }
  ranges.emplace_back(image.bytes.size(), image.bytes.size());
  std::sort(ranges.begin(), ranges.end());
  Uncovered out;
  std::uint64_t end = 0;
  for (const auto& [first, last] : ranges) {
    if (first > end) {
      const auto gap = *base::slice(image.bytes, end, first - end);
      out.bytes += gap.size();
      out.not_fill += static_cast<std::uint64_t>(std::count_if(
          gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0} && b != std::byte{0xFF}; }));
    }
    end = std::max(end, last);
  }
  return out;
}

}  // namespace qaic::firmware
