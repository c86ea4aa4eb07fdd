#include "lib/program/container.hpp"

#include <doctest/doctest.h>

#include "tests/lib_program/samples.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using base::ByteVector;

// The sample of runtime-protocols §1.1: four segments, 8-byte padding, base 0.
// Segment bytes are not given there; here they are a running count.
ByteVector golden() {
  ByteVector out =
      hex("7ccda100 00 01 0100 | 1802000000000000 | 0000000000000000 | 0400000000000000 | 2800000000000000"
          "c800000000000000 c800000000000000 a800000000000000 f000000000000000"
          "1800000000000000 0000000000000000 b800000000000000 b801000000000000"
          "2000000000000000 0000000000000000 d000000000000000 d001000000000000"
          "2800000000000000 0000000000000000 e000000000000000 f001000000000000"
          "636f6e7374616e74732e62696e 00 0000"                  // constants.bin
          "636f6e7374616e7473646573632e62696e 00 000000000000"  // constantsdesc.bin
          "6e6574776f726b2e656c66 00 00000000"                  // network.elf
          "6e6574776f726b646573632e62696e 00");                 // networkdesc.bin
  REQUIRE(out.size() == 0xF0);
  for (unsigned i = 0; out.size() < 0x218; ++i) out.push_back(static_cast<std::byte>(i));
  for (unsigned i = 0; i < 4; ++i)
    out[0x1D0 + i] = std::byte(
        "\x7f"
        "ELF"[i]);
  return out;
}

std::string refusal(const ByteVector& bytes) {
  const auto result = program::parse_container(bytes);
  if (result) return "accepted";
  CHECK(result.error().id == "qpc-container");
  CHECK(result.error().kind == base::ErrorKind::bad_input);
  return result.error().what;
}

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

// golden() with one 64-bit field changed.
ByteVector with(std::size_t offset, std::uint64_t value) {
  ByteVector out = golden();
  poke64(out, offset, value);
  return out;
}

constexpr std::size_t kSize = 8, kBase = 16, kCount = 24, kTable = 32, kFirst = 40;
constexpr std::size_t kSegmentSize = 0, kSegmentOffset = 8, kSegmentName = 16, kSegmentStart = 24;

}  // namespace

TEST_CASE("the sample container is read as its author describes it") {
  const ByteVector file = golden();
  const auto container = program::parse_container(file);
  REQUIRE(container);
  CHECK(container->base == 0);
  CHECK(container->major == 0);
  CHECK(container->minor == 1);
  REQUIRE(container->segments.size() == 4);
  const char* names[] = {"constants.bin", "constantsdesc.bin", "network.elf", "networkdesc.bin"};
  const std::size_t starts[] = {0xF0, 0x1B8, 0x1D0, 0x1F0};
  const std::size_t sizes[] = {200, 24, 32, 40};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(container->segments[i].name == names[i]);
    CHECK(container->segments[i].bytes.data() == file.data() + starts[i]);
    CHECK(container->segments[i].bytes.size() == sizes[i]);
    CHECK(container->segments[i].offset == (i == 0 ? 200U : 0U));
  }
  CHECK(program::check_loadable(*container));
  CHECK(program::container_kind(*container) == program::ContainerKind::single_device);
}

TEST_CASE("the writer makes the sample container, whatever order it is given") {
  const ByteVector file = golden();
  const auto parsed = program::parse_container(file);
  REQUIRE(parsed);
  auto segments = parsed->segments;
  std::swap(segments[0], segments[3]);
  const auto written = program::write_container(segments);
  REQUIRE(written);
  CHECK(to_hex(*written) == to_hex(file));
}

TEST_CASE("a container made at any base address is accepted") {
  constexpr std::uint64_t kHeap = 0x7f1234560000;
  ByteVector file = golden();
  poke64(file, kBase, kHeap);
  poke64(file, kTable, kHeap + 40);
  for (std::size_t i = 0; i < 4; ++i) {
    for (const std::size_t field : {kSegmentName, kSegmentStart}) {
      const std::size_t at = kFirst + 32 * i + field;
      std::uint64_t value = 0;
      for (std::size_t b = 0; b < 8; ++b) value |= std::to_integer<std::uint64_t>(file[at + b]) << (8 * b);
      poke64(file, at, value + kHeap);
    }
  }
  const auto container = program::parse_container(file);
  REQUIRE(container);
  CHECK(container->base == kHeap);
  CHECK(container->find("network.elf")->bytes.data() == file.data() + 0x1D0);
}

TEST_CASE("segments and names may be packed without any alignment") {
  // One segment "a" of three bytes right behind its name: 40 + 32 + 2 + 3.
  const ByteVector file =
      hex("7ccda100 00 01 0100 4d00000000000000 0000000000000000 0100000000000000 2800000000000000"
          "0300000000000000 0000000000000000 4800000000000000 4a00000000000000 6100 010203");
  const auto container = program::parse_container(file);
  REQUIRE(container);
  CHECK(to_hex(container->segments.at(0).bytes) == "010203");
}

TEST_CASE("what is not a container is refused") {
  CHECK(has(refusal({}), "0 bytes"));
  CHECK(has(refusal(ByteVector(39)), "39 bytes"));
  CHECK(has(refusal(ByteVector(40)), "magic"));
}

TEST_CASE("every lie of the header is refused") {
  CHECK(has(refusal(with(0, 0x0001010000A1CD7D)), "magic"));
  CHECK(has(refusal(with(0, 0x0001010100A1CD7C)), "version 1.1"));
  CHECK(has(refusal(with(0, 0x0000010000A1CD7C)), "compression type 0"));
  CHECK(has(refusal(with(0, 0x0002010000A1CD7C)), "compression type 2"));
  CHECK(has(refusal(with(kSize, 0x217)), "says 535 bytes"));
  CHECK(has(refusal(with(kSize, 0x219)), "says 537 bytes"));
  ByteVector truncated = golden();
  truncated.pop_back();
  CHECK(has(refusal(truncated), "the file has 535"));
  CHECK(has(refusal(with(kBase, 41)), "before the container's base"));
  CHECK(has(refusal(with(kCount, 17)), "17 segments do not fit"));
  CHECK(has(refusal(with(kCount, ~0ULL)), "do not fit"));
  CHECK(has(refusal(with(kTable, 39)), "overlaps the header"));
  CHECK(has(refusal(with(kTable, 0x218 - 127)), "reaches past the end"));
  CHECK(has(refusal(with(kTable, ~0ULL)), "reaches past the end"));
}

TEST_CASE("every lie of a segment is refused") {
  CHECK(has(refusal(with(kFirst + kSegmentSize, 0x218 - 0xF0 + 1)), "reaches past the end of the file"));
  CHECK(has(refusal(with(kFirst + kSegmentSize, ~0ULL)), "reaches past the end of the file"));
  CHECK(has(refusal(with(kFirst + kSegmentStart, ~0ULL - 8)), "reaches past the end of the file"));
  CHECK(has(refusal(with(kFirst + kSegmentStart, 8)), "overlaps the header"));
  CHECK(has(refusal(with(kFirst + kSegmentOffset, 201)), "behind its own end"));
  CHECK(has(refusal(with(kFirst + kSegmentName, 0x218)), "name outside the file"));
  CHECK(has(refusal(with(kFirst + kSegmentName, ~0ULL)), "name outside the file"));
  CHECK(has(refusal(with(kFirst + kSegmentName, 0xA8 + 13)), "empty name"));
  CHECK(has(refusal(with(kFirst + 32 + kSegmentName, 0xA8)), "two segments are named 'constants.bin'"));
  ByteVector endless = golden();
  poke64(endless, kFirst + 3 * 32 + kSegmentName, 0x1F1);  // the last segment: no zero up to the end
  CHECK(has(refusal(endless), "name without an end"));
}

TEST_CASE("a zero-size segment at the very end is fine") {
  ByteVector file = with(kFirst + kSegmentSize, 0);
  poke64(file, kFirst + kSegmentOffset, 0);
  poke64(file, kFirst + kSegmentStart, 0x218);
  CHECK(refusal(file) == "accepted");
}

TEST_CASE("a program needs its segments") {
  const ByteVector file = golden();
  const auto whole = program::parse_container(file);
  REQUIRE(whole);
  for (const char* gone : {"network.elf", "networkdesc.bin", "constantsdesc.bin", "constants.bin"}) {
    program::Container container = *whole;
    std::erase_if(container.segments, [&](const auto& s) { return s.name == gone; });
    const auto result = program::check_loadable(container);
    REQUIRE(!result);
    CHECK(result.error().id == "qpc-segment-missing");
    CHECK(has(result.error().what, "'" + std::string(gone) + "'"));
  }
  program::Container without = *whole;
  std::erase_if(without.segments, [](const auto& s) { return s.name.starts_with("constants"); });
  CHECK(program::check_loadable(without));
}

TEST_CASE("multi-device and encrypted containers are named for what they are") {
  ByteVector file = golden();
  auto container = program::parse_container(file);
  REQUIRE(container);
  container->segments.push_back({"mdp_meta_info", {}, 0});
  CHECK(program::container_kind(*container) == program::ContainerKind::multi_device);
  auto result = program::check_loadable(*container);
  REQUIRE(!result);
  CHECK(result.error().id == "qpc-multi-device");
  CHECK(result.error().kind == base::ErrorKind::unsupported);
  CHECK(has(result.error().what, "4 partitions"));

  file[0x1D1] = std::byte{'e'};
  container = program::parse_container(file);
  REQUIRE(container);
  CHECK(program::container_kind(*container) == program::ContainerKind::encrypted);
  result = program::check_loadable(*container);
  REQUIRE(!result);
  CHECK(result.error().id == "qpc-encrypted");
}

TEST_CASE("the writer refuses what no reader would take") {
  CHECK(!program::write_container({{"a", {}, 0}, {"a", {}, 0}}));
  CHECK(!program::write_container({{"", {}, 0}}));
  const auto empty = program::write_container({});
  REQUIRE(empty);
  CHECK(program::parse_container(*empty));
}
