// Any bytes as the ELF file that `qaic-qpc pack` is given: a section can be
// added to it or replaced in it, and the result is read with its content.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "lib/program/elf.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;

void check(base::Bytes elf, std::string_view name, base::Bytes content) {
  const auto made = program::with_section(elf, name, content);
  if (!made) return;
  const auto read = program::parse_elf(*made);
  if (!read) std::abort();
  // Not by its name: in a file whose parts overlap, that may lie in the header.
  const bool there = std::ranges::any_of(
      read->sections, [&](const auto& section) { return std::ranges::equal(section.bytes, content); });
  if (!there) std::abort();
  if (made->size() < elf.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 65536;
  const base::Bytes elf(reinterpret_cast<const std::byte*>(data), size);
  (void)program::symbol_address(elf, "entry");
  (void)program::symbol_address(elf, "");
  if (size > kMost) return 0;
  check(elf, wire::qpc::kMetadataSection, elf.first(std::min<std::size_t>(size, 64)));
  check(elf, wire::qpc::kBareMetadataSection, elf);
  check(elf, ".symtab", elf);  // one that is in use
  return 0;
}
