#include "tools/qaic-run/zip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/checked.hpp"

namespace qaic::tools::run {

using base::Bytes;
using base::ByteVector;
using base::fail;
using base::le16;
using base::le32;
using base::Result;

namespace {

// Layouts: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
struct LocalHeader {
  le32 signature;
  le16 version;
  le16 flags;
  le16 method;
  le16 time;
  le16 date;
  le32 crc;
  le32 packed_size;
  le32 size;
  le16 name_length;
  le16 extra_length;
};
static_assert(sizeof(LocalHeader) == 30);

struct DirectoryEntry {
  le32 signature;
  le16 made_by;
  le16 version;
  le16 flags;
  le16 method;
  le16 time;
  le16 date;
  le32 crc;
  le32 packed_size;
  le32 size;
  le16 name_length;
  le16 extra_length;
  le16 comment_length;
  le16 disk;
  le16 internal_attributes;
  le32 external_attributes;
  le32 header_offset;
};
static_assert(sizeof(DirectoryEntry) == 46);

struct DirectoryEnd {
  le32 signature;
  le16 disk;
  le16 directory_disk;
  le16 entries_here;
  le16 entries;
  le32 directory_size;
  le32 directory_offset;
  le16 comment_length;
};
static_assert(sizeof(DirectoryEnd) == 22);

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kDirectoryEnd = 0x06054b50;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kVersion = 20;            // 2.0: deflate, folders
constexpr std::uint16_t kFirstDate = 0x21;        // 1980-01-01: the same content gives the same file
constexpr std::uint32_t kElsewhere = 0xFFFFFFFF;  // the number is in a zip64 field
constexpr std::size_t kMaxMembers = 4096;
constexpr std::size_t kMaxComment = 0xFFFF;

auto bad(std::string what) {
  return fail(base::make_error(base::ErrorKind::bad_input, "tensor-zip", ".npz: " + std::move(what),
                               "write it with numpy.savez or numpy.savez_compressed"));
}

void append(ByteVector& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::uint32_t checksum(Bytes bytes) {
  uLong crc = crc32_z(0, nullptr, 0);
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return static_cast<std::uint32_t>(crc);
}

std::optional<DirectoryEnd> find_end(Bytes archive) {
  if (archive.size() < sizeof(DirectoryEnd)) return std::nullopt;
  const std::size_t last = archive.size() - sizeof(DirectoryEnd);
  const std::size_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    const auto end = base::read_struct<DirectoryEnd>(archive, at);
    if (end && end->signature == kDirectoryEnd && end->comment_length == last - at) return end;
  }
  return std::nullopt;
}

Result<ByteVector> inflate_all(Bytes packed, std::size_t size) {
  ByteVector out(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return bad("no memory to unpack");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(size);
  Bytef beyond = 0;  // zlib wants somewhere to write, even for nothing
  if (size == 0) {
    stream.next_out = &beyond;
    stream.avail_out = 1;
  }
  const int result = inflate(&stream, Z_FINISH);
  const auto written = stream.total_out;
  inflateEnd(&stream);
  if (result != Z_STREAM_END || written != size)
    return bad("a member cannot be unpacked: its data is damaged");
  return out;
}

}  // namespace

Result<std::vector<ZipMember>> zip_members(Bytes archive) {
  const auto end = find_end(archive);
  if (!end) return bad("the file is no zip archive, or is cut off");
  if (end->disk != 0 || end->directory_disk != 0 || end->entries != end->entries_here) {
    return bad("archives of several parts are not supported");
  }
  if (end->directory_offset == kElsewhere || end->entries == 0xFFFF)
    return bad("more than 4 GiB is not supported");
  if (end->entries > kMaxMembers) return bad(fmt::format("{} members are too many", end->entries.get()));
  const auto directory = base::slice(archive, end->directory_offset, end->directory_size);
  if (!directory) return bad("the directory is cut off");

  std::vector<ZipMember> members;
  std::size_t at = 0;
  for (unsigned i = 0; i < end->entries; ++i) {
    const auto entry = base::read_struct<DirectoryEntry>(*directory, at);
    if (!entry || entry->signature != kDirectoryEntry) return bad("the directory is damaged");
    const auto name = base::slice(*directory, at + sizeof(DirectoryEntry), entry->name_length);
    if (!name) return bad("the directory is cut off");
    const std::string text(base::as_text(*name));
    if ((entry->flags & kEncrypted) != 0) return bad(fmt::format("'{}' is encrypted", text));
    if (entry->size == kElsewhere || entry->packed_size == kElsewhere || entry->header_offset == kElsewhere) {
      return bad(fmt::format("'{}': more than 4 GiB is not supported", text));
    }
    if (entry->method != kStored && entry->method != kDeflated) {
      return bad(fmt::format("'{}': packing method {} is not supported", text, entry->method.get()));
    }
    members.push_back(
        {text, entry->method, entry->crc, entry->packed_size, entry->size, entry->header_offset});
    at += sizeof(DirectoryEntry) + entry->name_length + entry->extra_length + entry->comment_length;
  }
  return members;
}

Result<ByteVector> zip_content(Bytes archive, const ZipMember& member, std::size_t limit) {
  if (member.size > limit) {
    return bad(fmt::format("'{}' has {} bytes, more than the {} that its tensor could need", member.name,
                           member.size, limit));
  }
  const auto header = base::read_struct<LocalHeader>(archive, member.header_offset);
  if (!header || header->signature != kLocalHeader)
    return bad(fmt::format("'{}' is not where it should be", member.name));
  const std::size_t start =
      std::size_t{member.header_offset} + sizeof(LocalHeader) + header->name_length + header->extra_length;
  const auto packed = base::slice(archive, start, member.packed_size);
  if (!packed) return bad(fmt::format("'{}' is cut off", member.name));
  Result<ByteVector> content = ByteVector(packed->begin(), packed->end());
  if (member.method == kDeflated) {
    content = inflate_all(*packed, member.size);
    if (!content) return content;
  } else if (packed->size() != member.size) {
    return bad(fmt::format("'{}' has two sizes", member.name));
  }
  if (checksum(*content) != member.crc)
    return bad(fmt::format("'{}' is damaged: its checksum is wrong", member.name));
  return content;
}

Result<ByteVector> make_zip(const std::vector<ZipInput>& members) {
  ByteVector out;
  ByteVector directory;
  for (const auto& member : members) {
    if (member.content.size() >= kElsewhere - out.size() - kMaxComment || member.name.size() > kMaxComment) {
      return bad("more than 4 GiB is not supported");
    }
    const auto size = static_cast<std::uint32_t>(member.content.size());
    const auto offset = static_cast<std::uint32_t>(out.size());
    const auto name_length = static_cast<std::uint16_t>(member.name.size());
    const std::uint32_t crc = checksum(member.content);
    LocalHeader header{};
    header.signature = kLocalHeader;
    header.version = kVersion;
    header.date = kFirstDate;
    header.crc = crc;
    header.packed_size = size;
    header.size = size;
    header.name_length = name_length;
    base::append_struct(out, header);
    append(out, base::as_bytes(member.name));
    append(out, Bytes(member.content));
    DirectoryEntry entry{};
    entry.signature = kDirectoryEntry;
    entry.made_by = kVersion;
    entry.version = kVersion;
    entry.date = kFirstDate;
    entry.crc = crc;
    entry.packed_size = size;
    entry.size = size;
    entry.name_length = name_length;
    entry.header_offset = offset;
    base::append_struct(directory, entry);
    append(directory, base::as_bytes(member.name));
  }
  if (members.size() > kMaxMembers) return bad("too many members");
  DirectoryEnd end{};
  end.signature = kDirectoryEnd;
  end.entries_here = static_cast<std::uint16_t>(members.size());
  end.entries = static_cast<std::uint16_t>(members.size());
  end.directory_size = static_cast<std::uint32_t>(directory.size());
  end.directory_offset = static_cast<std::uint32_t>(out.size());
  append(out, Bytes(directory));
  base::append_struct(out, end);
  return out;
}

}  // namespace qaic::tools::run
