#include "sim/device/elf.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "wire/qpc.hpp"

namespace qaic::sim::device {

namespace {

using base::le16;
using base::le32;

struct FileHeader {
  std::array<std::uint8_t, 16> ident{};
  le16 type;
  le16 machine;
  le32 version;
  le32 entry;
  le32 program_offset;
  le32 section_offset;
  le32 flags;
  le16 header_size;
  le16 program_entry_size;
  le16 program_count;
  le16 section_entry_size;
  le16 section_count;
  le16 names_index;
};
static_assert(sizeof(FileHeader) == 52);

struct ProgramHeader {
  le32 type;
  le32 offset;
  le32 virtual_address;
  le32 physical_address;
  le32 file_size;
  le32 memory_size;
  le32 flags;
  le32 alignment;
};
static_assert(sizeof(ProgramHeader) == 32);

struct SectionHeader {
  le32 name;
  le32 type;
  le32 flags;
  le32 address;
  le32 offset;
  le32 size;
  le32 link;
  le32 info;
  le32 alignment;
  le32 entry_size;
};
static_assert(sizeof(SectionHeader) == 40);

constexpr std::array<std::uint8_t, 7> kIdent{0x7F, 'E', 'L', 'F', 1 /* 32 bit */, 1 /* little */, 1};
constexpr std::uint16_t kExecutable = 2;
constexpr std::uint32_t kLoad = 1;
constexpr std::uint32_t kFlagExecute = 1;
constexpr std::uint32_t kNoBits = 8;
constexpr std::uint32_t kSectionAllocated = 2;
constexpr std::uint32_t kSectionExecutable = 4;
// The model's bound for one network's image.
constexpr std::uint64_t kMostMemory = 256ULL << 20;

tl::unexpected<base::Error> refuse(std::string what) {
  return base::fail(
      base::make_error(base::ErrorKind::bad_input, "network-elf", "network.elf: " + std::move(what)));
}

Result<std::vector<CoreSegment>> read_segments(Bytes file, const FileHeader& header) {
  if (header.program_entry_size != sizeof(ProgramHeader)) return refuse("program headers of an unknown size");
  std::vector<CoreSegment> segments;
  std::uint64_t memory = 0;
  for (std::uint32_t i = 0; i < header.program_count; ++i) {
    const auto entry = base::read_struct<ProgramHeader>(
        file, std::uint64_t{header.program_offset} + std::uint64_t{i} * sizeof(ProgramHeader));
    if (!entry) return refuse("program headers reach beyond the file");
    if (entry->type != kLoad || entry->memory_size == 0) continue;
    const auto bytes = base::slice(file, entry->offset, entry->file_size);
    if (!bytes || entry->file_size > entry->memory_size) return refuse("a segment reaches beyond the file");
    memory += entry->memory_size;
    const std::uint64_t end = std::uint64_t{entry->virtual_address} + entry->memory_size;
    if (entry->virtual_address < wire::qpc::kLowestAddress || end > (std::uint64_t{1} << 32) ||
        memory > kMostMemory) {
      return refuse("a segment lies where the core has no memory for it");
    }
    segments.push_back({entry->virtual_address,
                        entry->memory_size,
                        (entry->flags & kFlagExecute) != 0,
                        ByteVector(bytes->begin(), bytes->end()),
                        {}});
  }
  if (segments.empty()) return refuse("nothing to load");
  std::sort(segments.begin(), segments.end(),
            [](const CoreSegment& a, const CoreSegment& b) { return a.address < b.address; });
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const CoreSegment& before = segments[i - 1];
    if (std::uint64_t{before.address} + before.memory_size > segments[i].address) {
      return refuse("segments overlap");
    }
  }
  return segments;
}

std::optional<SectionHeader> section(Bytes file, const FileHeader& header, std::uint32_t index) {
  return base::read_struct<SectionHeader>(
      file, std::uint64_t{header.section_offset} + std::uint64_t{index} * sizeof(SectionHeader));
}

// Files without sections that are marked so have code all over their
// executable segments.
void take_whole_segments(std::vector<CoreSegment>& segments) {
  for (CoreSegment& segment : segments) {
    if (segment.executable) segment.code = {{0, static_cast<std::uint32_t>(segment.file_bytes.size())}};
  }
}

Result<void> find_code(Bytes file, const FileHeader& header, std::vector<CoreSegment>& segments) {
  constexpr std::uint32_t kCode = kSectionAllocated | kSectionExecutable;
  bool marked = false;
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    const auto entry = section(file, header, i);
    if (!entry) return refuse("section headers reach beyond the file");
    if ((entry->flags & kCode) != kCode || entry->type == kNoBits || entry->size == 0) continue;
    const auto home = std::find_if(segments.begin(), segments.end(), [&](const CoreSegment& segment) {
      return segment.executable && entry->address >= segment.address &&
             entry->address - segment.address <= segment.file_bytes.size() &&
             entry->size <= segment.file_bytes.size() - (entry->address - segment.address);
    });
    if (home == segments.end()) return refuse("an executable section lies outside the executable segments");
    home->code.push_back({entry->address - home->address, entry->size});
    marked = true;
  }
  if (!marked) take_whole_segments(segments);
  for (CoreSegment& segment : segments) {
    std::sort(segment.code.begin(), segment.code.end(),
              [](const CoreCode& a, const CoreCode& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < segment.code.size(); ++i) {
      const CoreCode& before = segment.code[i - 1];
      if (before.offset + before.size > segment.code[i].offset) return refuse("executable sections overlap");
    }
  }
  return {};
}

std::string_view name_at(Bytes names, std::uint32_t offset) {
  if (offset >= names.size()) return {};
  const std::string_view rest = base::as_text(names.subspan(offset));
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

Result<Bytes> find_section(Bytes file, const FileHeader& header, Bytes names, std::string_view wanted) {
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    const auto entry = section(file, header, i);
    if (!entry) return refuse("section headers reach beyond the file");
    if (entry->type == kNoBits || name_at(names, entry->name) != wanted) continue;
    const auto bytes = base::slice(file, entry->offset, entry->size);
    if (!bytes) return refuse("section " + std::string(wanted) + " reaches beyond the file");
    return *bytes;
  }
  return Bytes();
}

// The bare form is preferred; the other has 8 bytes {1, 0, 0} in front.
Result<Bytes> read_metadata(Bytes file, const FileHeader& header) {
  if (header.section_entry_size != sizeof(SectionHeader)) return refuse("no section headers");
  const auto names_entry = section(file, header, header.names_index);
  if (!names_entry || header.names_index >= header.section_count) return refuse("no section names");
  const auto names = base::slice(file, names_entry->offset, names_entry->size);
  if (!names) return refuse("section names reach beyond the file");
  QAIC_TRY(const Bytes bare, find_section(file, header, *names, wire::qpc::kBareMetadataSection));
  if (!bare.empty()) return bare;
  QAIC_TRY(const Bytes prefixed, find_section(file, header, *names, wire::qpc::kMetadataSection));
  if (prefixed.empty()) return refuse("no metadata section");
  return prefixed;
}

}  // namespace

Result<Elf> read_elf(Bytes file) {
  const auto header = base::read_struct<FileHeader>(file);
  if (!header || !std::equal(kIdent.begin(), kIdent.end(), header->ident.begin())) {
    return refuse("not a little-endian ELF32 file");
  }
  if (header->type != kExecutable || header->machine != wire::qpc::kElfMachineHexagon) {
    return refuse("not an executable for Hexagon");
  }
  if ((header->flags & 0xFF) > wire::qpc::kElfFlagsV68) return refuse("built for a newer core than v68");
  Elf elf;
  QAIC_TRY(elf.segments, read_segments(file, *header));
  QAIC_TRY(elf.metadata, read_metadata(file, *header));
  QAIC_CHECK(find_code(file, *header, elf.segments));
  return elf;
}

}  // namespace qaic::sim::device
