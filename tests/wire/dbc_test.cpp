// kernel-interface §3.1-3.3 and §11, runtime-protocols §2.6.
#include "wire/dbc.hpp"

#include <doctest/doctest.h>

#include "tests/wire/hex.hpp"

using namespace qaic::wire::dbc;
using namespace qaic::tests;

namespace {
SemaphoreWord word(unsigned value, unsigned index, unsigned presync, unsigned command) {
  SemaphoreWord sem;
  sem.value = static_cast<std::uint16_t>(value);
  sem.index = static_cast<std::uint8_t>(index);
  sem.presync = static_cast<std::uint8_t>(presync);
  sem.command = static_cast<std::uint8_t>(command);
  sem.enabled = command != 0;
  return sem;
}
}  // namespace

TEST_CASE("semaphore words are the worked ones") {
  CHECK(word(0, 3, 1, 6).pack() == 0x86430000U);  // presync, wait > 0 and take
  CHECK(word(1, 5, 0, 2).pack() == 0x82050001U);  // postsync, increment
  CHECK(word(1, 0, 1, 4).pack() == 0x84400001U);
  CHECK(word(0, 0, 0, 1).pack() == 0x81000000U);
  CHECK(word(0, 1, 1, 4).pack() == 0x84410000U);
  CHECK(word(1, 1, 0, 1).pack() == 0x81010001U);
  SemaphoreWord fence;
  fence.flags = 2;  // IN: to-device transfers
  CHECK(fence.pack() == 0x40000000U);
  fence.flags = 1;  // OUT: from-device transfers
  CHECK(fence.pack() == 0x20000000U);
}

TEST_CASE("a semaphore word comes apart into what was put in") {
  const SemaphoreWord sem = SemaphoreWord::unpack(0xC55F0ABCU);
  CHECK(sem.value == 0xABC);
  CHECK(sem.index == 0x1F);
  CHECK(sem.presync == 1);
  CHECK(sem.command == 5);
  CHECK(sem.flags == 2);
  CHECK(sem.enabled == 1);
  CHECK(sem.pack() == 0xC55F0ABCU);
}

TEST_CASE("a fence on a NOP is not an enabled command") {
  const SemaphoreWord sem = SemaphoreWord::unpack(0x60000000U);
  CHECK(sem.enabled == 0);
  CHECK(sem.flags == 3);
}

TEST_CASE("a request element is the 64 bytes of the bridge") {
  Request request;
  request.req_id = 0x1234;
  request.cmd = kCmdBulk | kCmdCompletion | kCmdToDevice;
  request.src_addr = 0x123456000;
  request.dest_addr = 0x800000;
  request.len = 128;
  request.db_addr = 0x40;
  request.db_len = kDoorbellRing | 1;
  request.db_data = 0xbeef;
  request.sem[0] = 0x84400001;
  request.sem[3] = 0x40000000;
  CHECK(hex_of(qaic::base::bytes_of(request)) ==
        packed("3412 00 19 00000000 0060452301000000 0000800000000000 80000000 00000000"
               "4000000000000000 81 000000 efbe0000 01004084 00000000 00000000 00000040"));
}

TEST_CASE("command bytes are the typical ones") {
  CHECK((kCmdBulk | kCmdToDevice) == 0x09);
  CHECK((kCmdBulk | kCmdFromDevice) == 0x0A);
  CHECK((kCmdBulk | kCmdCompletion | kCmdToDevice) == 0x19);
  CHECK((kCmdBulk | kCmdCompletion | kCmdFromDevice) == 0x1A);
  CHECK((kCmdBulk | kCmdCompletion | kCmdNoDma) == 0x18);
}

TEST_CASE("a response element is the request's id and a status") {
  Response response;
  response.req_id = 0x1234;
  response.status = 1;
  CHECK(hex_of(qaic::base::bytes_of(response)) == packed("3412 0100"));
}

TEST_CASE("queue memory is laid out as the driver allocates it") {
  struct Row {
    std::uint32_t elements;
    std::uint64_t total;
    std::uint64_t response_offset;
  };
  constexpr Row kRows[] = {
      {32, 4096, 3968}, {128, 12288, 11776}, {256, 20480, 19456}, {512, 36864, 34816}, {1024, 73728, 69632}};
  for (const Row& row : kRows) {
    CHECK(queue_layout(row.elements).total == row.total);
    CHECK(queue_layout(row.elements).response_offset == row.response_offset);
  }
}

TEST_CASE("channel 15's registers end the block at 0x2F000") {
  CHECK(kFirstBlock + 0 * kBlockStride == 0x20000U);
  CHECK(kFirstBlock + 15 * kBlockStride == 0x2F000U);
  CHECK(static_cast<int>(Register::request_head) == 0x0);
  CHECK(static_cast<int>(Register::request_tail) == 0x4);
  CHECK(static_cast<int>(Register::response_head) == 0x8);
  CHECK(static_cast<int>(Register::response_tail) == 0xC);
}
