#include "conformance/program.hpp"

#include <optional>
#include <string_view>

#include "wire/qpc.hpp"

namespace qaic::conformance {

namespace {

namespace qpc = wire::qpc;

// `size` bytes from `address`; nothing if the file does not reach that far.
std::optional<base::Bytes> part(base::Bytes file, std::uint64_t base, std::uint64_t address,
                                std::uint64_t size) {
  const std::uint64_t offset = address - base;
  if (address < base || offset > file.size() || size > file.size() - offset) return std::nullopt;
  return file.subspan(offset, size);
}

}  // namespace

base::Bytes network_in(base::Bytes file) {
  const auto header = base::read_struct<qpc::Header>(file, 0);
  if (!header.has_value() || header->magic != qpc::kMagic) return file;
  for (std::uint64_t i = 0; i < header->segment_count && i < file.size() / sizeof(qpc::Segment); ++i) {
    const auto bytes =
        part(file, header->base, header->segments_address + i * sizeof(qpc::Segment), sizeof(qpc::Segment));
    if (!bytes) break;
    const auto segment = base::read_struct<qpc::Segment>(*bytes, 0);
    const auto name = part(file, header->base, segment->name_address, qpc::kNetworkElf.size() + 1);
    if (!name) continue;
    const std::string_view text(reinterpret_cast<const char*>(name->data()), name->size());
    if (!text.starts_with(qpc::kNetworkElf) || text.back() != '\0') continue;
    return part(file, header->base, segment->start_address, segment->size).value_or(base::Bytes{});
  }
  return {};
}

}  // namespace qaic::conformance
