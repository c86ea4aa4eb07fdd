// The DMA bridge through a channel without a network: elements by hand, as
// kernel-interface §3 gives them.
#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "sim/device/activations.hpp"
#include "sim/device/address_map.hpp"
#include "tests/sim_device/card_control.hpp"

using namespace qaic::tests;
using qaic::base::DbcId;
using qaic::sim::device::kScratchBase;
using qaic::sim::device::kScratchSize;
using Register = qaic::wire::dbc::Register;

namespace {

constexpr std::uint64_t kRequests = HostBlock::kBase;
constexpr std::uint64_t kData = HostBlock::kBase + 0x100000;

// Fields of a request element; kernel-interface §3.3.
struct Element {
  std::uint16_t id = 1;
  std::uint8_t cmd = 0;
  std::uint64_t src = 0;
  std::uint64_t dst = 0;
  std::uint32_t len = 0;
  std::uint64_t db_addr = 0;
  std::uint8_t db_len = 0;
  std::uint32_t db_data = 0;
  std::uint32_t sem[4] = {};

  [[nodiscard]] std::string hex() const {
    return hex32(id | std::uint32_t{cmd} << 24) + hex32(0) + hex64(src) + hex64(dst) + hex32(len) + hex32(0) +
           hex64(db_addr) + hex32(db_len) + hex32(db_data) + hex32(sem[0]) + hex32(sem[1]) + hex32(sem[2]) +
           hex32(sem[3]);
  }
};

struct TestChannel : TestCard {
  explicit TestChannel(std::uint32_t slot_count = 32) : slots(slot_count) {
    responses = kRequests + std::uint64_t{slots} * 64 + 256;
    const std::string reply =
        send(5, {"09000000 28000000" + hex64(kRequests) + hex64(responses) + hex32(slots) + hex32(slots) +
                 hex32(slots * 68 + 256) + hex32(0x10000)});
    REQUIRE(reply.size() / 2 == 24);
    REQUIRE(number_at(reply, 0, 4) == 8);
    REQUIRE(number_at(reply, 8, 4) == 0);
    dbc = static_cast<std::uint32_t>(number_at(reply, 12, 4));
    CHECK(number_at(reply, 16, 8) == 0x10000);
    scratch = kScratchBase + dbc * kScratchSize;
  }
  // Writes an element at the next slot without telling.
  void put(const Element& element) {
    const auto bytes = bytes_of_hex(element.hex());
    REQUIRE(bytes.size() == 64);
    std::memcpy(host.at(kRequests + std::uint64_t{tail} * 64, 64).data(), bytes.data(), 64);
    tail = (tail + 1) % slots;
  }
  void publish() { card.write_dbc(DbcId(dbc), Register::request_tail, tail); }
  void run(const Element& element) {
    put(element);
    publish();
  }
  std::uint32_t reg(Register which) { return card.read_dbc(DbcId(dbc), which); }
  // {id, status} of the response at `slot`.
  std::pair<unsigned, unsigned> response(std::uint32_t slot) {
    const auto word = number_at(hex_of(host.at(responses + std::uint64_t{slot} * 4, 4)), 0, 4);
    return {static_cast<unsigned>(word & 0xFFFF), static_cast<unsigned>(word >> 16)};
  }
  void expect_status(unsigned status) {
    REQUIRE(reg(Register::response_tail) == 1);
    CHECK(response(0) == std::pair(1U, status));
  }
  void consume_all() { card.write_dbc(DbcId(dbc), Register::response_head, reg(Register::response_tail)); }
  std::string host_bytes(std::uint64_t at, std::size_t size) { return hex_of(host.at(at, size)); }
  void fill(std::uint64_t at, std::string_view hex) {
    const auto bytes = bytes_of_hex(hex);
    std::memcpy(host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
  }

  std::uint32_t slots;
  std::uint32_t dbc = 0;
  std::uint32_t tail = 0;
  std::uint64_t responses = 0;
  std::uint64_t scratch = 0;
};

}  // namespace

TEST_CASE("data goes in and comes back, and both elements are completed") {
  TestChannel test;
  test.fill(kData, "0102030405060708");
  test.put({.id = 7, .cmd = 0x19, .src = kData + 1, .dst = test.scratch + 3, .len = 6});
  test.put({.id = 8, .cmd = 0x1A, .src = test.scratch + 3, .dst = kData + 0x101, .len = 6});
  test.publish();
  CHECK(test.host_bytes(kData + 0x100, 8) == packed("00 020304050607 00"));
  CHECK(test.reg(Register::request_head) == 2);
  CHECK(test.reg(Register::request_tail) == 2);
  CHECK(test.reg(Register::response_tail) == 2);
  CHECK(test.response(0) == std::pair(7U, 0U));
  CHECK(test.response(1) == std::pair(8U, 0U));
  CHECK(test.interrupts.raised == std::vector<unsigned>{1 + test.dbc});
}

TEST_CASE("an interrupt comes when the response queue turns non-empty, or by force") {
  TestChannel test;
  test.run({.cmd = 0x18});
  CHECK(test.interrupts.raised.size() == 1);
  test.run({.cmd = 0x18});
  CHECK(test.interrupts.raised.size() == 1);
  test.run({.cmd = 0x98});
  CHECK(test.interrupts.raised.size() == 2);
  test.consume_all();
  test.run({.cmd = 0x18});
  CHECK(test.interrupts.raised.size() == 3);
}

TEST_CASE("an element without the completion bit has no response") {
  TestChannel test;
  test.run({.cmd = 0x08});
  CHECK(test.reg(Register::request_head) == 1);
  CHECK(test.reg(Register::response_tail) == 0);
  CHECK(test.interrupts.raised.empty());
}

TEST_CASE("addresses and length mean nothing when there is no DMA") {
  TestChannel test;
  test.run({.cmd = 0x18, .src = ~0ULL, .dst = ~0ULL, .len = 4096});
  test.expect_status(0);
}

TEST_CASE("a wait before the transfer holds it and all behind it until the semaphore is there") {
  TestChannel test;
  test.fill(kData, "11111111 22222222");
  // WAITEQ s3 == 2 before; DEC s3 after
  test.put({.id = 1,
            .cmd = 0x19,
            .src = kData,
            .dst = test.scratch,
            .len = 4,
            .sem = {0x84430002, 0x83030000, 0, 0}});
  test.put({.id = 2, .cmd = 0x18});
  test.publish();
  CHECK(test.reg(Register::request_head) == 0);
  CHECK(test.reg(Register::response_tail) == 0);
  CHECK(test.card.held().size() >= 1);
}

TEST_CASE("all six commands work before the transfer") {
  TestChannel test;
  // INIT s1=2 ; INC s1 ; WAITGE s1>=3 ; P s1 : all before, in one element
  test.put({.id = 1, .cmd = 0x18, .sem = {0x81410002, 0x82410000, 0x85410003, 0x86410000}});
  // DEC s1 -> 1 ; WAITEQ s1 == 1
  test.put({.id = 2, .cmd = 0x18, .sem = {0x83410000, 0x84410001, 0, 0}});
  test.publish();
  CHECK(test.reg(Register::response_tail) == 2);
}

TEST_CASE("all six commands work after the transfer, and a wait there gates the completion") {
  TestChannel test;
  test.fill(kData, "aabbccdd");
  // after: INIT s4=1, INC, P, WAITEQ s4 == 1
  test.put({.id = 1,
            .cmd = 0x19,
            .src = kData,
            .dst = test.scratch,
            .len = 4,
            .sem = {0x81040001, 0x82040000, 0x86040000, 0x84040001}});
  // after: DEC, WAITGE s4 >= 1: waits
  test.put({.id = 2,
            .cmd = 0x18,
            .db_addr = test.scratch + 16,
            .db_len = 0x80,
            .db_data = 5,
            .sem = {0x83040000, 0x85040001, 0, 0}});
  test.publish();
  CHECK(test.reg(Register::response_tail) == 1);
  CHECK(test.reg(Register::request_head) == 1);
  // The doorbell comes after the semaphores, so it has not rung.
  CHECK(hex_of(test.cores.ddr().subspan(16, 4)) == "00000000");
}

TEST_CASE("each word is applied once, however often the element is looked at") {
  TestChannel test;
  // INC s0 before, then WAITGE s0 >= 2 before: stays at 1 whatever happens
  test.run({.cmd = 0x18, .sem = {0x82400000, 0x85400002, 0, 0}});
  for (int i = 0; i < 5; ++i) test.publish();
  CHECK(test.reg(Register::response_tail) == 0);
}

TEST_CASE("a value is compared in its twelve bits; increments beyond them count") {
  TestChannel test(4096);
  for (int i = 0; i < 4094; ++i) test.put({.cmd = 0x08, .sem = {0x82000000, 0, 0, 0}});
  test.publish();
  while (test.card.next_deadline()) test.card.tick();
  CHECK(test.reg(Register::request_head) == 4094);
  test.put({.cmd = 0x18, .sem = {0x84400FFE, 0x82000000, 0x82000000, 0}});  // == 4094, then +2
  test.publish();
  CHECK(test.reg(Register::response_tail) == 1);
  test.run({.cmd = 0x18, .sem = {0x85400FFF, 0, 0, 0}});  // 4096 >= 4095
  CHECK(test.reg(Register::response_tail) == 2);
}

TEST_CASE("decrement stops at zero") {
  TestChannel test;
  test.run({.cmd = 0x18, .sem = {0x83400000, 0x84400000, 0, 0}});
  test.expect_status(0);
}

TEST_CASE("fences on a NOP do not hold what has nothing before it") {
  TestChannel test;
  test.put({.cmd = 0x18, .sem = {0x40000000, 0, 0, 0}});
  test.put({.cmd = 0x18, .sem = {0x20000000, 0, 0, 0}});
  test.publish();
  CHECK(test.reg(Register::response_tail) == 2);
}

TEST_CASE("doorbells of all widths write exactly their bytes") {
  TestChannel test;
  const auto ddr = test.cores.ddr();
  std::memset(ddr.data(), 0xEE, 32);
  test.put({.cmd = 0x18, .db_addr = test.scratch, .db_len = 0x80, .db_data = 0x01020304});
  test.put({.cmd = 0x18, .db_addr = test.scratch + 10, .db_len = 0x81, .db_data = 0x01020304});
  test.put({.cmd = 0x18, .db_addr = test.scratch + 15, .db_len = 0x82, .db_data = 0x01020304});
  test.put({.cmd = 0x18, .db_addr = test.scratch + 20, .db_len = 0x00, .db_data = 0x01020304});  // not rung
  test.publish();
  CHECK(hex_of(ddr.subspan(0, 24)) == packed("04030201 eeeeeeee eeee0403 eeeeee04 eeeeeeee eeeeeeee"));
  CHECK(test.reg(Register::response_tail) == 4);
}

TEST_CASE("what cannot be done is completed with a status, and has no other effect") {
  TestChannel test;
  Element element{.cmd = 0x19,
                  .src = kData,
                  .dst = test.scratch,
                  .len = 4,
                  .db_addr = test.scratch + 64,
                  .db_len = 0x80,
                  .db_data = 1,
                  .sem = {0x82000000, 0, 0, 0}};
  unsigned expected = 0;
  SUBCASE("device address below the memory") {
    element.dst = test.scratch - 1;
    expected = 2;
  }
  SUBCASE("transfer that leaves the memory") {
    element.dst = test.scratch + kScratchSize - 3;
    expected = 2;
  }
  SUBCASE("transfer around the end of addresses") {
    element.dst = ~0ULL - 1;
    expected = 2;
  }
  SUBCASE("another channel's memory") {
    element.dst = test.scratch + kScratchSize;
    expected = 2;
  }
  SUBCASE("host address that is not mapped") {
    element.src = 0x1000;
    expected = 3;
  }
  SUBCASE("linked list") {
    element.cmd = 0x11;
    expected = 1;
  }
  SUBCASE("direction 3") {
    element.cmd = 0x1B;
    expected = 1;
  }
  SUBCASE("reserved semaphore command") {
    element.sem[0] = 0x87000000;
    expected = 4;
  }
  test.run(element);
  test.expect_status(expected);
  CHECK(hex_of(test.cores.ddr().subspan(64, 4)) == "00000000");
  // The semaphore was not incremented either: a wait for 1 waits.
  test.run({.id = 2, .cmd = 0x18, .sem = {0x85400001, 0, 0, 0}});
  CHECK(test.reg(Register::response_tail) == 1);
}

TEST_CASE("a doorbell that is askew, of unknown width or nowhere is completed with a status") {
  TestChannel test;
  Element element{.cmd = 0x18, .db_addr = test.scratch, .db_len = 0x80, .db_data = 1};
  unsigned expected = 2;
  SUBCASE("askew") {
    element.db_addr += 2;
  }
  SUBCASE("nowhere") {
    element.db_addr = 0;
  }
  SUBCASE("width 3") {
    element.db_len = 0x83;
    expected = 1;
  }
  test.run(element);
  test.expect_status(expected);
}

TEST_CASE("a failure of one segment is told by the completion of its request") {
  TestChannel test;
  test.put({.id = 9, .cmd = 0x09, .src = 0, .dst = test.scratch, .len = 4});
  test.put({.id = 9, .cmd = 0x19, .src = kData, .dst = test.scratch, .len = 4});
  test.put({.id = 10, .cmd = 0x19, .src = kData, .dst = test.scratch, .len = 4});
  test.publish();
  CHECK(test.response(0) == std::pair(9U, 3U));
  CHECK(test.response(1) == std::pair(10U, 0U));
}

TEST_CASE("a full response queue stalls the channel until the host takes something") {
  TestChannel test(4);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) test.put({.cmd = 0x18});
    test.publish();
  }
  CHECK(test.reg(Register::response_tail) == 3);
  CHECK(test.reg(Register::request_head) == 3);
  test.card.write_dbc(DbcId(test.dbc), Register::response_head, 2);
  CHECK(test.reg(Register::response_tail) == 1);
  CHECK(test.reg(Register::request_head) == 1);
  test.card.write_dbc(DbcId(test.dbc), Register::response_head, 1);
  CHECK(test.reg(Register::request_head) == 2);
}

TEST_CASE("the ring wraps many times without losing anything") {
  TestChannel test(5);
  for (unsigned i = 0; i < 1000; ++i) {
    test.fill(kData, hex32(i));
    test.put({.id = static_cast<std::uint16_t>(i), .cmd = 0x19, .src = kData, .dst = test.scratch, .len = 4});
    test.put(
        {.id = static_cast<std::uint16_t>(i), .cmd = 0x1A, .src = test.scratch, .dst = kData + 8, .len = 4});
    test.publish();
    REQUIRE(test.host_bytes(kData + 8, 4) == hex32(i));
    test.consume_all();
  }
}

TEST_CASE("indexes from a confused host take nothing, and sense brings it back") {
  TestChannel test;
  test.put({.cmd = 0x18});
  test.card.write_dbc(DbcId(test.dbc), Register::request_tail, 32);
  CHECK(test.reg(Register::request_head) == 0);
  test.card.write_dbc(DbcId(test.dbc), Register::response_head, 99);
  test.publish();
  CHECK(test.reg(Register::response_tail) == 0);
  test.card.write_dbc(DbcId(test.dbc), Register::response_head, 0);
  CHECK(test.reg(Register::response_tail) == 1);
}

TEST_CASE("a queue that is not mapped halts its channel and says so") {
  TestCard test;
  const std::string reply = test.send(
      5, {"09000000 28000000" + hex64(0) + hex64(0) + hex32(32) + hex32(32) + hex32(4096) + hex32(0)});
  REQUIRE(number_at(reply, 8, 4) == 0);
  test.card.write_dbc(DbcId(0), Register::request_tail, 1);
  CHECK(test.card.read_dbc(DbcId(0), Register::request_head) == 0);
  CHECK(test.card.take_messages().size() == 1);
}

TEST_CASE("queues that do not fit their block, or have no slot, are refused with a channel below 16") {
  TestCard test;
  for (const auto& [slots, bytes] : {std::pair(0U, 4096U), std::pair(64U, 64U * 68 - 1)}) {
    const std::string reply = test.send(5, {"09000000 28000000" + hex64(kRequests) + hex64(kRequests) +
                                            hex32(slots) + hex32(slots) + hex32(bytes) + hex32(0)});
    CHECK(status_at(reply, 8) == -6);
    CHECK(number_at(reply, 12, 4) < 16);
  }
  CHECK(test.card.held().empty());
}

TEST_CASE("channels run out at sixteen, or when DDR does") {
  TestCard test;
  const std::string attach = "09000000 28000000" + hex64(kRequests) + hex64(kRequests + 2048) + hex32(32) +
                             hex32(32) + hex32(4096) + hex32(0);
  // 256 MiB of DDR in the double: four scratches.
  for (int i = 0; i < 4; ++i) CHECK(status_at(test.send(5, {attach}), 8) == 0);
  CHECK(status_at(test.send(5, {attach}), 8) == -4);
  CHECK(test.card.status().resources.vc_free == 12);
  CHECK(test.card.status().resources.dram_free == 0);
}

TEST_CASE("DEACTIVATE of a channel without a network frees it and tells the driver") {
  TestChannel test;
  test.put({.cmd = 0x18});
  test.publish();
  const std::string reply =
      test.send(5, {passthrough_hex("0b000000" + hex32(0x80000000 + test.dbc) + "01000000 00000000")});
  CHECK(reply == packed("03000000 10000000 0c000000 00000000 0b000000 10000000 00000000" + hex32(test.dbc)));
  CHECK(test.card.held().empty());
  for (const Register which :
       {Register::request_head, Register::request_tail, Register::response_head, Register::response_tail}) {
    CHECK(test.reg(which) == 0);
  }
}

TEST_CASE("another user cannot end a channel, its closing file can") {
  TestChannel test;
  const std::string reply =
      test.send(6, {passthrough_hex("0b000000" + hex32(0x80000000 + test.dbc) + "01000000 00000000")});
  CHECK(reply == packed("03000000 10000000 0c000000 f7ffffff"));
  test.send(6, {"11000000 10000000 05000000 00000000"});
  CHECK(test.card.held().empty());
}

TEST_CASE("a channel that is activated again starts with zero registers and memory") {
  TestChannel test;
  test.fill(kData, "99999999");
  test.run({.cmd = 0x19, .src = kData, .dst = test.scratch, .len = 4});
  test.send(5, {"11000000 10000000 05000000 00000000"});
  test.send(5, {"09000000 28000000" + hex64(kRequests) + hex64(test.responses) + hex32(32) + hex32(32) +
                hex32(4096) + hex32(0)});
  CHECK(test.reg(Register::request_tail) == 0);
  test.tail = 0;
  test.run({.cmd = 0x1A, .src = test.scratch, .dst = kData, .len = 4});
  CHECK(test.host_bytes(kData, 4) == "00000000");
}

TEST_CASE("bandwidth is what was moved to and from DDR in the last 100 ms") {
  TestChannel test;
  for (int i = 0; i < 10; ++i) {
    test.run({.cmd = 0x19, .src = kData, .dst = test.scratch, .len = 1 << 20});
    test.consume_all();
  }
  // 10 MiB in 0.1 s, in KiB/s
  CHECK(number_at(test.command(1, "22000000 00000000"), 8 + 32, 8) == 102400);
  test.clock.now += std::chrono::milliseconds(90);
  CHECK(number_at(test.command(1, "22000000 00000000"), 8 + 32, 8) == 102400);
  test.clock.now += std::chrono::milliseconds(11);
  CHECK(number_at(test.command(1, "22000000 00000000"), 8 + 32, 8) == 0);
}

TEST_CASE("elements are read from the host once, in batches") {
  TestChannel test(128);
  for (int i = 0; i < 64; ++i) test.put({.cmd = 0x18});
  const unsigned before = test.host.reads;
  test.publish();
  CHECK(test.host.reads - before == 1);
}

TEST_CASE("one doorbell sets off a bounded number of elements; the rest follows without another") {
  TestChannel test(4096);
  for (int i = 0; i < 2500; ++i) test.put({.cmd = 0x08});
  test.put({.id = 9, .cmd = 0x18});
  test.publish();
  CHECK(test.reg(Register::request_head) == 1024);
  REQUIRE(test.card.next_deadline());
  CHECK(*test.card.next_deadline() <= test.clock.now);
  test.card.tick();
  CHECK(test.reg(Register::request_head) == 2048);
  test.card.tick();
  CHECK(test.reg(Register::request_head) == 2501);
  CHECK(test.response(0) == std::pair(9U, 0U));
  CHECK_FALSE(test.card.next_deadline());
}

TEST_CASE("one doorbell moves a bounded number of bytes, mapped or not; the rest follows without another") {
  TestChannel test(64);
  std::uint64_t from = kData;
  SUBCASE("mapped") {}
  SUBCASE("not mapped") {
    from = 0;
  }
  for (int i = 0; i < 60; ++i) test.put({.cmd = 0x19, .src = from, .dst = test.scratch, .len = 2U << 20});
  test.publish();
  const unsigned at_once = test.reg(Register::request_head);
  CHECK(at_once >= 30);
  CHECK(at_once <= 32);
  CHECK(test.card.next_deadline());
  test.card.tick();
  CHECK(test.reg(Register::request_head) == 60);
  test.card.tick();
  CHECK_FALSE(test.card.next_deadline());
}

TEST_CASE("a channel that goes while it has more to do leaves nothing to do") {
  TestChannel test(4096);
  for (int i = 0; i < 2000; ++i) test.put({.cmd = 0x08});
  test.publish();
  CHECK(test.card.next_deadline());
  test.send(5, {"11000000 10000000 05000000 00000000"});
  CHECK_FALSE(test.card.next_deadline());
  CHECK(test.card.held().empty());
}
