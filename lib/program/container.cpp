#include "lib/program/container.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checked.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::make_error;

constexpr std::uint64_t kPadding = 8;
// A writer puts four to eight segments; a multi-device file a few per SoC.
constexpr std::uint64_t kMaxSegments = 4096;
constexpr std::uint64_t kMaxNameBytes = 4096;

base::Error malformed(std::string why) {
  return make_error(ErrorKind::bad_input, "qpc-container", "not a valid program container: " + std::move(why),
                    "pack the program again, or fetch the file again");
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

// A pointer-like field as an offset into the file.
base::Result<std::uint64_t> file_offset(std::uint64_t address, std::uint64_t container_base,
                                        std::string_view what) {
  if (address < container_base)
    return fail(malformed(std::string(what) + " lies before the container's base"));
  return address - container_base;
}

base::Result<std::string> read_name(Bytes file, std::uint64_t offset, std::string_view what) {
  if (offset >= file.size()) return fail(malformed(std::string(what) + " has its name outside the file"));
  const auto rest = file.subspan(static_cast<std::size_t>(offset));
  const auto window = rest.first(std::min<std::size_t>(rest.size(), kMaxNameBytes));
  const void* end = std::memchr(window.data(), 0, window.size());
  if (end == nullptr) return fail(malformed(std::string(what) + " has a name without an end"));
  const auto length = static_cast<std::size_t>(static_cast<const std::byte*>(end) - window.data());
  if (length == 0) return fail(malformed(std::string(what) + " has an empty name"));
  return std::string(base::as_text(window.first(length)));
}

}  // namespace

const Segment* Container::find(std::string_view name) const {
  const auto it = std::ranges::find(segments, name, &Segment::name);
  return it == segments.end() ? nullptr : &*it;
}

base::Result<Container> parse_container(Bytes file) {
  const auto header = base::read_struct<qpc::Header>(file);
  if (!header) {
    return fail(malformed(number(file.size()) + " bytes, a header alone is " + number(sizeof(qpc::Header))));
  }
  if (header->magic != qpc::kMagic) return fail(malformed("it does not begin with the magic 7c cd a1 00"));
  if (header->major != qpc::kMajor) {
    return fail(
        malformed("version " + number(header->major) + "." + number(header->minor) + ", known is 0.1"));
  }
  if (header->compression != qpc::kSelfContained) {
    return fail(malformed("compression type " + number(header->compression) +
                          ", only 1 (self-contained) may stand in a file"));
  }
  if (header->size != file.size()) {
    return fail(
        malformed("its header says " + number(header->size) + " bytes, the file has " + number(file.size())));
  }
  const std::uint64_t count = header->segment_count;
  if (count > (file.size() - sizeof(qpc::Header)) / sizeof(qpc::Segment) || count > kMaxSegments) {
    return fail(malformed(number(count) + " segments do not fit"));
  }

  Container out;
  out.major = header->major;
  out.minor = header->minor;
  out.base = header->base;
  QAIC_TRY(const std::uint64_t table, file_offset(header->segments_address, out.base, "the segment table"));
  if (table < sizeof(qpc::Header)) return fail(malformed("the segment table overlaps the header"));
  if (!base::slice(file, table, count * sizeof(qpc::Segment))) {
    return fail(malformed("the segment table reaches past the end"));
  }

  out.segments.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry =
        base::read_struct<qpc::Segment>(file, static_cast<std::size_t>(table + i * sizeof(qpc::Segment)));
    if (!entry) return fail(malformed("the segment table reaches past the end"));
    const std::string what = "segment " + number(i);
    QAIC_TRY(const std::uint64_t name_at, file_offset(entry->name_address, out.base, what + "'s name"));
    QAIC_TRY(std::string name, read_name(file, name_at, what));
    if (out.find(name) != nullptr) return fail(malformed("two segments are named '" + name + "'"));
    QAIC_TRY(const std::uint64_t start, file_offset(entry->start_address, out.base, "'" + name + "'"));
    const auto bytes = base::slice(file, start, entry->size);
    if (!bytes) {
      return fail(malformed("'" + name + "' (" + number(entry->size) + " bytes at " + number(start) +
                            ") reaches past the end of the file"));
    }
    if (!bytes->empty() && start < sizeof(qpc::Header)) {
      return fail(malformed("'" + name + "' overlaps the header"));
    }
    if (entry->offset > entry->size) {
      return fail(malformed("'" + name + "' has its offset field (" + number(entry->offset) +
                            ") behind its own end"));
    }
    out.segments.push_back({std::move(name), *bytes, entry->offset});
  }
  return out;
}

ContainerKind container_kind(const Container& container) {
  if (container.find(qpc::kMultiDevice) != nullptr) return ContainerKind::multi_device;
  constexpr std::string_view kElfMagic =
      "\x7f"
      "ELF";
  const Segment* elf = container.find(qpc::kNetworkElf);
  if (elf != nullptr && elf->bytes.size() >= kElfMagic.size() &&
      base::as_text(elf->bytes.first(kElfMagic.size())) != kElfMagic) {
    return ContainerKind::encrypted;
  }
  return ContainerKind::single_device;
}

base::Result<void> check_loadable(const Container& container) {
  switch (container_kind(container)) {
    case ContainerKind::multi_device: {
      // The inner containers are the other segments, one per SoC.
      const std::size_t parts = container.segments.size() - 1;
      return fail(make_error(ErrorKind::unsupported, "qpc-multi-device",
                             "multi-device container, " + number(parts) +
                                 " partitions: a program for several SoCs is not supported",
                             "compile the program for one device"));
    }
    case ContainerKind::encrypted:
      return fail(make_error(ErrorKind::unsupported, "qpc-encrypted",
                             "encrypted container: network.elf does not begin as an ELF file",
                             "pack the program without encryption"));
    case ContainerKind::single_device:
      break;
  }
  const auto missing = [](std::string_view name) {
    return fail(make_error(ErrorKind::bad_input, "qpc-segment-missing",
                           "the container has no segment '" + std::string(name) + "', which a program needs",
                           "qaic-qpc inspect lists what is there"));
  };
  if (container.find(qpc::kNetworkElf) == nullptr) return missing(qpc::kNetworkElf);
  if (container.find(qpc::kNetworkDescriptor) == nullptr) return missing(qpc::kNetworkDescriptor);
  const bool has_constants = container.find(qpc::kConstants) != nullptr;
  const bool has_constants_descriptor = container.find(qpc::kConstantsDescriptor) != nullptr;
  if (has_constants && !has_constants_descriptor) return missing(qpc::kConstantsDescriptor);
  if (has_constants_descriptor && !has_constants) return missing(qpc::kConstants);
  return {};
}

base::Result<ContainerLayout> lay_out_container(std::vector<Segment>& segments) {
  std::ranges::sort(segments, {}, &Segment::name);
  ContainerLayout out;
  const auto pad = [&out] { out.head.resize((out.head.size() + kPadding - 1) / kPadding * kPadding); };

  out.head.resize(sizeof(qpc::Header) + segments.size() * sizeof(qpc::Segment));
  std::vector<qpc::Segment> table(segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& name = segments[i].name;
    if (name.empty() || name.find('\0') != std::string::npos) {
      return fail(malformed("segment " + number(i) + " has no usable name"));
    }
    if (i > 0 && segments[i - 1].name == name)
      return fail(malformed("two segments are named '" + name + "'"));
    table[i].name_address = out.head.size();
    const Bytes text = base::as_bytes(name);
    out.head.insert(out.head.end(), text.begin(), text.end());
    out.head.push_back(std::byte{0});
    pad();
  }
  std::uint64_t position = out.head.size();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    table[i].size = segments[i].bytes.size();
    table[i].offset = segments[i].offset;
    table[i].start_address = position;
    out.starts.push_back(position);
    const auto end = base::checked_add<std::uint64_t>(position, segments[i].bytes.size());
    const auto next = end ? base::checked_align_up(*end, kPadding) : std::nullopt;
    if (!next) return fail(malformed("'" + segments[i].name + "' is too large"));
    position = *next;
  }
  out.size = position;

  qpc::Header header;
  header.magic = qpc::kMagic;
  header.major = qpc::kMajor;
  header.minor = qpc::kMinor;
  header.compression = qpc::kSelfContained;
  header.size = out.size;
  header.base = 0;
  header.segment_count = segments.size();
  header.segments_address = sizeof(qpc::Header);
  bool fits = base::write_struct(out.head, header);
  for (std::size_t i = 0; i < table.size(); ++i) {
    fits = fits && base::write_struct(out.head, table[i], sizeof(qpc::Header) + i * sizeof(qpc::Segment));
  }
  if (!fits)
    return fail(make_error(ErrorKind::internal, "qpc-container", "the container's head has no room"));
  return out;
}

base::Result<base::ByteVector> write_container(std::vector<Segment> segments) {
  QAIC_TRY(ContainerLayout layout, lay_out_container(segments));
  base::ByteVector out = std::move(layout.head);
  out.resize(static_cast<std::size_t>(layout.size));
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::ranges::copy(segments[i].bytes, out.begin() + static_cast<std::ptrdiff_t>(layout.starts[i]));
  }
  return out;
}

}  // namespace qaic::program
