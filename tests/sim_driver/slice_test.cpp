#include "sim/driver/slice.hpp"

#include <doctest/doctest.h>

#include <array>

#include "tests/wire/hex.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using tests::hex_of;
using tests::packed;
using wire::uapi::AttachSliceEntry;
using wire::uapi::Direction;
using wire::uapi::Semaphore;

namespace {

const BoMapping kOneSegment{base::BusAddr{0x10'0000'0000}, 0x3000, 0xFFFFF000};
const BoMapping kPages{base::BusAddr{0x10'0000'0000}, 0x3000, 0x1000};

Semaphore sem(std::uint16_t val, std::uint8_t index, std::uint8_t presync, std::uint8_t cmd,
              std::uint8_t flags = 0) {
  return {val, index, presync, cmd, flags, 0};
}

AttachSliceEntry entry(std::uint64_t size, std::uint64_t offset, std::uint64_t dev_addr) {
  AttachSliceEntry out{};
  out.size = size;
  out.offset = offset;
  out.dev_addr = dev_addr;
  return out;
}

std::string element_hex(const Slice& slice, std::size_t i) {
  return hex_of(base::bytes_of(slice.requests.at(i)));
}

}  // namespace

// runtime-protocols §2.6: the two requests of the program "double".
TEST_CASE("the input request of the worked example has its documented words") {
  auto in = entry(128, 0, 0x40'0080'0000);
  in.sem[0] = sem(1, 0, 1, 4);
  in.sem[1] = sem(0, 0, 0, 1);
  in.db_addr = 0x40'0000'0000;
  in.db_data = 1;
  in.db_len = 32;
  const auto slice = encode_slice(in, Direction::to_device, kOneSegment);
  REQUIRE(slice);
  REQUIRE(slice->requests.size() == 1);
  CHECK(element_hex(*slice, 0) == packed("0000 00 19 00000000 0000000010000000 0000800040000000"
                                         "80000000 00000000 0000000040000000 80 000000 01000000"
                                         "01004084 00000081 00000000 00000000"));
}

TEST_CASE("the output request of the worked example has its documented words") {
  auto out = entry(128, 0, 0x20'0000'0040);
  out.sem[0] = sem(0, 1, 1, 4);
  out.sem[1] = sem(1, 1, 0, 1);
  out.db_addr = 0x40'0000'0004;
  out.db_data = 1;
  out.db_len = 32;
  const auto slice = encode_slice(out, Direction::from_device, kOneSegment);
  REQUIRE(slice);
  CHECK(element_hex(*slice, 0) == packed("0000 00 1a 00000000 4000000020000000 0000000010000000"
                                         "80000000 00000000 0400000040000000 80 000000 01000000"
                                         "00004184 01000181 00000000 00000000"));
}

// kernel-interface §11
TEST_CASE("semaphore words of the worked values") {
  auto in = entry(16, 0, 0);
  in.sem[1] = sem(0, 3, 1, 6);
  in.sem[2] = sem(1, 5, 0, 2);
  const auto slice = encode_slice(in, Direction::to_device, kOneSegment);
  REQUIRE(slice);
  CHECK(slice->requests[0].sem[0] == 0u);
  CHECK(slice->requests[0].sem[1] == 0x86430000u);
  CHECK(slice->requests[0].sem[2] == 0x82050001u);
}

TEST_CASE("a slice over three segments fences its last element and repeats nothing else") {
  auto in = entry(0x2000, 0x800, 0x1'0000);
  in.sem[1] = sem(7, 2, 0, 3);
  in.db_addr = 0x40'0000'0002;
  in.db_data = 0xABCD;
  in.db_len = 16;
  const auto slice = encode_slice(in, Direction::to_device, kPages);
  REQUIRE(slice);
  REQUIRE(slice->requests.size() == 3);
  CHECK(element_hex(*slice, 0) == packed("0000 00 09 00000000 0008000010000000 0000010000000000"
                                         "00080000 00000000 0000000000000000 00 000000 00000000"
                                         "00000000 00000000 00000000 00000000"));
  CHECK(element_hex(*slice, 1) == packed("0000 00 09 00000000 0010000010000000 0008010000000000"
                                         "00100000 00000000 0000000000000000 00 000000 00000000"
                                         "00000000 00000000 00000000 00000000"));
  CHECK(element_hex(*slice, 2) == packed("0000 00 19 00000000 0020000010000000 0018010000000000"
                                         "00080000 00000000 0200000040000000 81 000000 cdab0000"
                                         "00000040 07000283 00000000 00000000"));
  const auto out = encode_slice(entry(0x2000, 0, 0), Direction::from_device, kPages);
  REQUIRE(out);
  CHECK(out->requests[0].cmd == 0x0A);
  CHECK(out->requests[1].cmd == 0x1A);
  CHECK(out->requests[1].sem[0] == 0x20000000u);
}

TEST_CASE("a presync gate stands on every element and replaces the fence") {
  auto in = entry(0x2000, 0, 0);
  in.sem[3] = sem(4, 9, 1, 5);
  in.sem[0] = sem(1, 1, 0, 2);
  const auto slice = encode_slice(in, Direction::to_device, kPages);
  REQUIRE(slice);
  REQUIRE(slice->requests.size() == 2);
  CHECK(slice->requests[0].sem[0] == 0u);
  CHECK(slice->requests[0].sem[3] == 0x85490004u);
  CHECK(slice->requests[1].sem[0] == 0x82010001u);
  CHECK(slice->requests[1].sem[3] == 0x85490004u);
}

TEST_CASE("flags reach the wire for a NOP too, without the enable bit") {
  auto in = entry(16, 0, 0);
  in.sem[0] = sem(0, 0, 0, 0, 3);
  const auto slice = encode_slice(in, Direction::to_device, kOneSegment);
  REQUIRE(slice);
  CHECK(slice->requests[0].sem[0] == 0x60000000u);
}

TEST_CASE("an empty slice is semaphores and a doorbell over one page") {
  auto none = entry(0, 0x2000, 0x99);
  none.db_addr = 0x41;
  none.db_len = 8;
  none.db_data = 5;
  const auto slice = encode_slice(none, Direction::to_device, kOneSegment);
  REQUIRE(slice);
  REQUIRE(slice->requests.size() == 1);
  CHECK(slice->requests[0].cmd == 0x18);
  CHECK(slice->requests[0].db_len == 0x82);
  CHECK(slice->requests[0].len == 4096u);
  // A page must fit behind the offset.
  CHECK(encode_slice(entry(0, 0x2001, 0), Direction::to_device, kOneSegment).error() == EINVAL);
}

TEST_CASE("doorbells are aligned to their width and a slice has one gate") {
  for (const std::uint32_t bits : {16u, 32u}) {
    auto in = entry(16, 0, 0);
    in.db_len = bits;
    in.db_addr = 1;
    CHECK(encode_slice(in, Direction::to_device, kOneSegment).error() == EINVAL);
    in.db_addr = bits / 8;
    CHECK(encode_slice(in, Direction::to_device, kOneSegment));
  }
  auto in = entry(16, 0, 0);
  in.db_addr = 1;  // without a doorbell the address does not matter
  in.sem[0] = sem(0, 0, 1, 4);
  CHECK(encode_slice(in, Direction::to_device, kOneSegment));
  in.sem[3] = sem(0, 0, 1, 0);
  CHECK(encode_slice(in, Direction::to_device, kOneSegment).error() == EINVAL);
}

TEST_CASE("entries with a bad field, or beyond the BO, are EINVAL") {
  const auto verdict = [](const AttachSliceEntry& e) {
    const auto checked = check_entries(std::array{entry(16, 0, 0), e}, 0x3000);
    return checked ? 0 : checked.error();
  };
  CHECK(verdict(entry(0x3000, 0, 0)) == 0);
  CHECK(verdict(entry(0x1000, 0x2001, 0)) == EINVAL);
  CHECK(verdict(entry(~0ull, 2, 0)) == EINVAL);
  auto bad = entry(16, 0, 0);
  bad.db_len = 24;
  CHECK(verdict(bad) == EINVAL);
  for (std::size_t i = 0; i < 4; ++i) {
    for (const Semaphore& s :
         {Semaphore{0x1000, 0, 0, 0, 0, 0}, Semaphore{0, 32, 0, 0, 0, 0}, Semaphore{0, 0, 2, 0, 0, 0},
          Semaphore{0, 0, 0, 7, 0, 0}, Semaphore{0, 0, 0, 0, 4, 0}, Semaphore{0, 0, 0, 0, 0, 1}}) {
      auto e = entry(16, 0, 0);
      e.sem[i] = s;
      CHECK(verdict(e) == EINVAL);
    }
    auto e = entry(16, 0, 0);
    e.sem[i] = {0xFFF, 31, 1, 6, 3, 0};
    CHECK(verdict(e) == 0);
  }
}

TEST_CASE("no element is longer than its 32-bit length can say") {
  const BoMapping huge{base::BusAddr{0}, 6ull << 30, 0xFFFFF000};
  const auto slice = encode_slice(entry(6ull << 30, 0, 0), Direction::to_device, huge);
  REQUIRE(slice);
  REQUIRE(slice->requests.size() == 2);
  CHECK(slice->requests[0].len == 0xFFFFF000u);
  CHECK(slice->requests[1].len == 0x80001000u);
  CHECK(slice->requests[1].dest_addr == 0xFFFFF000u);
}
