// Small inputs for the tests of lib/program: bytes written out by hand, and the
// worked example "double" of runtime-protocols §2.6 as values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/metadata.hpp"

namespace qaic::samples {

// "7c cd | a1" -> bytes; anything that is no hex digit separates.
base::ByteVector hex(std::string_view text);
std::string to_hex(base::Bytes bytes);

// Overwrites the little-endian number at `offset`.
void poke(base::ByteVector& bytes, std::size_t offset, std::uint64_t value, std::size_t width);
void poke64(base::ByteVector& bytes, std::size_t offset, std::uint64_t value);

constexpr std::uint32_t kCodeAddress = 0x2000000;

// An ELF32 file for Hexagon with 64 bytes of code at kCodeAddress, a symbol
// "entry" at kCodeAddress + 16, and these sections besides. Composed here, not
// by the code under test.
struct Section {
  std::string name;
  base::ByteVector bytes;
};
base::ByteVector elf(const std::vector<Section>& sections = {});

program::Metadata metadata();
program::Descriptor descriptor();

// A complete program file; `constants` go in as static ones.
base::ByteVector program_file(const program::Metadata& m, const program::Descriptor& d,
                              const base::ByteVector& constants = {});

}  // namespace qaic::samples
