#include "lib/program/elf.hpp"

#include <doctest/doctest.h>

#include "tests/lib_program/samples.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using base::ByteVector;

std::string refusal(const ByteVector& bytes) {
  const auto result = program::parse_elf(bytes);
  if (result) return "accepted";
  CHECK(result.error().id == "qpc-elf");
  return result.error().what;
}

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

// Offsets of the ELF specification: program header behind a 52-byte header.
constexpr std::size_t kProgramTable = 28, kMachine = 18, kSectionTable = 32, kSectionCount = 48, kNames = 50;
constexpr std::size_t kLoadOffset = 52 + 4, kLoadAddress = 52 + 8, kLoadFileSize = 52 + 16,
                      kLoadMemorySize = 52 + 20;

ByteVector with(std::size_t offset, std::uint64_t value, std::size_t width) {
  ByteVector out = elf({{"metadata", hex("01020304")}});
  poke(out, offset, value, width);
  return out;
}

}  // namespace

TEST_CASE("segments, sections and symbols are found") {
  const ByteVector file = elf({{"metadata", hex("01020304")}});
  const auto parsed = program::parse_elf(file);
  REQUIRE(parsed);
  CHECK(parsed->flags == 0x68);
  REQUIRE(parsed->segments.size() == 1);
  CHECK(parsed->segments[0].address == kCodeAddress);
  CHECK(parsed->segments[0].file_size == 64);
  CHECK(parsed->segments[0].executable);
  CHECK(!parsed->segments[0].writable);
  REQUIRE(parsed->find_section("metadata") != nullptr);
  CHECK(to_hex(parsed->find_section("metadata")->bytes) == "01020304");
  CHECK(parsed->find_section("metadata_fb") == nullptr);
  CHECK(program::symbol_address(file, "entry").value() == kCodeAddress + 16);
  CHECK(!program::symbol_address(file, "elsewhere"));  // named, but not defined
  CHECK(!program::symbol_address(file, "nowhere"));
}

TEST_CASE("code is what lies inside an executable segment") {
  const ByteVector file = elf();
  const auto parsed = program::parse_elf(file);
  REQUIRE(parsed);
  CHECK(parsed->is_code(kCodeAddress));
  CHECK(parsed->is_code(kCodeAddress + 60));
  CHECK(!parsed->is_code(kCodeAddress + 61));
  CHECK(!parsed->is_code(kCodeAddress - 1));
  CHECK(!parsed->is_code(std::uint64_t{1} << 32 | kCodeAddress));
}

TEST_CASE("a section is added without moving anything") {
  const ByteVector before = elf({{"other", hex("aabb")}});
  const auto after = program::with_section(before, "metadata", hex("0102030405"));
  REQUIRE(after);
  // Apart from the header's three section fields, the old bytes are unchanged.
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool section_field = (i >= kSectionTable && i < kSectionTable + 4) || (i >= 46 && i < 52);
    if (!section_field) CHECK((*after)[i] == before[i]);
  }
  const auto parsed = program::parse_elf(*after);
  REQUIRE(parsed);
  REQUIRE(parsed->find_section("metadata") != nullptr);
  CHECK(to_hex(parsed->find_section("metadata")->bytes) == "0102030405");
  CHECK(to_hex(parsed->find_section("other")->bytes) == "aabb");
  CHECK(program::symbol_address(*after, "entry").value() == kCodeAddress + 16);

  CHECK(to_hex(program::with_section(*after, "metadata", hex("0102030405")).value()) == to_hex(*after));
  const auto replaced = program::with_section(*after, "metadata", hex("ff"));
  REQUIRE(replaced);
  const auto again = program::parse_elf(*replaced);
  REQUIRE(again);
  CHECK(again->sections.size() == parsed->sections.size());
  CHECK(to_hex(again->find_section("metadata")->bytes) == "ff");
}

TEST_CASE("a section is added to a file that has no section table") {
  ByteVector bare = elf();
  poke(bare, kSectionTable, 0, 4);
  poke(bare, kSectionCount, 0, 2);
  poke(bare, kNames, 0, 2);
  const auto after = program::with_section(bare, "metadata", hex("01"));
  REQUIRE(after);
  const auto parsed = program::parse_elf(*after);
  REQUIRE(parsed);
  REQUIRE(parsed->find_section("metadata") != nullptr);
  CHECK(to_hex(parsed->find_section("metadata")->bytes) == "01");
}

TEST_CASE("what is not an ELF file for the NSP cores is refused") {
  CHECK(has(refusal({}), "shorter"));
  CHECK(has(refusal(with(0, 0x7e, 1)), "does not begin"));
  CHECK(has(refusal(with(4, 2, 1)), "32-bit"));
  CHECK(has(refusal(with(5, 2, 1)), "little-endian"));
  CHECK(has(refusal(with(kMachine, 62, 2)), "machine 62"));
}

TEST_CASE("parts that are not inside the file are refused") {
  CHECK(has(refusal(with(kLoadOffset, 0x10000, 4)), "reaches past the end"));
  CHECK(has(refusal(with(kLoadFileSize, 0xFFFFFFFF, 4)), "reaches past the end"));
  CHECK(has(refusal(with(kLoadMemorySize, 63, 4)), "larger in the file than in memory"));
  CHECK(has(refusal(with(kLoadAddress, 0xFFFFFFF0, 4)), "32-bit addresses"));
  CHECK(refusal(with(kSectionTable, 0xFFFFFF00, 4)) != "accepted");
  CHECK(refusal(with(kSectionCount, 0xFFF0, 2)) != "accepted");
  CHECK(has(refusal(with(kSectionCount, 0, 2)), "not counted"));
  CHECK(has(refusal(with(kProgramTable, 50, 4)), "program headers are not inside"));  // inside the header
  const ByteVector file = elf({{"metadata", hex("01020304")}});
  const std::size_t table = std::to_integer<std::size_t>(file[kSectionTable]) |
                            std::to_integer<std::size_t>(file[kSectionTable + 1]) << 8;
  ByteVector lying = file;
  poke(lying, table + 3 * 40 + 20, 0x10000, 4);  // size of the third section
  CHECK(has(refusal(lying), "section 'metadata' reaches past the end"));
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK(refusal(ByteVector(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))) != "accepted");
  }
}
