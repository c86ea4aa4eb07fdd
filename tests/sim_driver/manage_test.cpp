// What MANAGE sends, and what it refuses to send.
#include <doctest/doctest.h>

#include "sim/driver/control_message.hpp"
#include "tests/sim_driver/bench.hpp"
#include "tests/wire/hex.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using tests::hex_of;
using tests::packed;

namespace {

CardScript::Answer empty_reply() {
  return [](const CardScript::Message& request) { return Reply(request.sequence()).bytes(); };
}

// One user transaction of any type and stated length.
base::ByteVector raw(std::uint32_t type, std::uint32_t len, std::size_t bytes) {
  base::ByteVector out(bytes);
  const TransactionHeader header{type, len};
  std::memcpy(out.data(), &header, sizeof(header));
  return out;
}

}  // namespace

// kernel-interface §11
TEST_CASE("the driver's own first message is a STATUS with a checksum") {
  Bench bench;
  bench.driver.probe();
  REQUIRE(bench.script.received.size() == 1);
  CHECK(hex_of(bench.script.received[0].bytes) ==
        packed("bda539f7 51414943 00000000 28000000 01000000 00000000 ffffffff 00000000 0f000000 08000000"));
}

TEST_CASE("a passthrough goes to the card as it is, with the next sequence and the user's handle") {
  auto bench = Bench::opened();
  OpenFile second{};
  CHECK(bench->driver.open(bench->node, second) == 0);
  bench->script.answers.push_back(empty_reply());
  CHECK(bench->manage(passthrough({13, 0, 0x55, 0x66}), 1, second) == 0);
  // The card said that it needs no checksum.
  CHECK(hex_of(bench->script.received.at(0).bytes) ==
        packed("00000000 51414943 01000000 38000000 01000000 01000000 ffffffff 00000000"
               "04000000 18000000 0d000000 00000000 55000000 66000000"));
  CHECK(bench->message.len == 0);
  CHECK(bench->message.count == 0);
}

TEST_CASE("a card that uses checksums gets them, and its own are checked") {
  auto script_crc = [](Bench& bench) {
    bench.script.status_flags = 1;
    bench.driver.probe();
    (void)bench.driver.open(bench.node, bench.file);
  };
  Bench bench;
  script_crc(bench);
  bench.script.answers.push_back(empty_reply());
  CHECK(bench.manage(passthrough({13, 0}), 1) == 0);
  const auto& sent = bench.script.received.at(1);
  CHECK(sent.header.crc32 == message_crc(sent.bytes));
  bench.script.answers.push_back([](const CardScript::Message& request) {
    auto reply = Reply(request.sequence());
    reply.header().crc32 = 1;
    return reply.bytes();
  });
  CHECK(bench.manage(passthrough({13, 0}), 1) == -EPIPE);
}

TEST_CASE("bad envelopes are EINVAL and send nothing") {
  auto bench = Bench::opened();
  const auto verdict = [&](std::uint32_t len, std::uint32_t count, const base::ByteVector& data) {
    std::memcpy(bench->client->at(Bench::kData), data.data(), data.size());
    ManageMessage args{len, count, Bench::kData};
    return bench->ioctl(kIoctlManage, args);
  };
  const auto good = passthrough({13, 0});
  CHECK(verdict(4097, 1, good) == -EINVAL);
  CHECK(verdict(16, 513, good) == -EINVAL);
  CHECK(verdict(16, 0, good) == -EINVAL);
  CHECK(verdict(0, 1, good) == -EINVAL);
  CHECK(verdict(7, 1, good) == -EINVAL);
  CHECK(verdict(16, 2, good) == -EINVAL);  // one short
  CHECK(verdict(24, 1, good) == -EINVAL);  // left over
  CHECK(verdict(15, 1, good) == -EINVAL);  // past the end
  CHECK(verdict(16, 1, raw(1, 7, 16)) == -EINVAL);
  CHECK(verdict(16, 1, raw(1, 0xFFFFFFFF, 16)) == -EINVAL);
  CHECK(verdict(20, 1, raw(1, 20, 20)) == -EINVAL);  // not a multiple of 8
  for (const std::uint32_t type :
       {0u, 2u, 3u, 4u, 6u, 8u, 9u, 11u, 13u, 14u, 15u, 16u, 17u, 18u, 19u, 20u, 99u}) {
    CHECK(verdict(16, 1, raw(type, 16, 16)) == -EINVAL);
  }
  CHECK(bench->script.received.empty());
}

TEST_CASE("an unreadable message is EFAULT") {
  auto bench = Bench::opened();
  ManageMessage args{16, 1, 8};
  CHECK(bench->ioctl(kIoctlManage, args) == -EFAULT);
  args = {16, 1, ClientArray::kStart + ClientArray::kSize - 8};
  CHECK(bench->ioctl(kIoctlManage, args) == -EFAULT);
}

TEST_CASE("the leftover check comes after the walk: a good first part is not sent") {
  auto bench = Bench::opened();
  CHECK(bench->manage(passthrough({13, 0}) + raw(99, 16, 16), 2) == -EINVAL);
  CHECK(bench->script.received.empty());
}

TEST_CASE("an activation carries the queue's addresses, sizes and options") {
  auto bench = Bench::opened();
  bench->script.answers.push_back([&](const CardScript::Message& request) {
    bench->script.take_channel(request, 3);
    return Reply(request.sequence()).activate(0, 3).bytes();
  });
  CHECK(bench->manage(activation(128, 0x10000), 1) == 0);
  const auto out = base::read_struct<wire::nnc::ActivateToDev>(bench->script.received.at(0).bytes, 32);
  REQUIRE(out);
  CHECK(out->header.type == 9u);
  CHECK(out->header.len == 40u);
  CHECK(out->req_q_size == 128u);
  CHECK(out->rsp_q_size == 128u);
  CHECK(out->buf_len == 12288u);
  CHECK(out->options == 0x10000u);
  CHECK(out->rsp_q_addr - out->req_q_addr == 11776);
  CHECK(bench->driver.mapped_ranges() == 1);
  // ACTIVATE_FROM_DEV is handed to the user.
  CHECK(bench->message.len == 24);
  CHECK(bench->message.count == 1);
  const auto in = bench->client->get<ActivateFromDev>(Bench::kData);
  CHECK(in.header.type == 8);
  CHECK(in.dbc_id == 3);
  CHECK(bench->driver.dbc_state(base::DbcId{3}) == 1);
}

TEST_CASE("activations with bad numbers are refused") {
  auto bench = Bench::opened();
  CHECK(bench->manage(activation(0), 1) == -EINVAL);
  CHECK(bench->manage(activation(128, 0, 1), 1) == -EINVAL);
  CHECK(bench->manage(activation(0xFFFFFFFF), 1) == -EINVAL);
  CHECK(bench->manage(activation(0x100000), 1) == -ENOMEM);  // 68 MiB in one piece
  CHECK(bench->script.received.empty());
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a deactivation is for the owner, and puts nothing on the wire") {
  auto bench = Bench::opened();
  OpenFile other{};
  CHECK(bench->driver.open(bench->node, other) == 0);
  REQUIRE(bench->activate(2, 8) == 0);
  CHECK(bench->manage(deactivation(16), 1) == -EINVAL);
  CHECK(bench->manage(deactivation(2, 1), 1) == -EINVAL);
  CHECK(bench->manage(deactivation(1), 1) == -EPERM);
  CHECK(bench->manage(deactivation(2), 1, other) == -EPERM);
  bench->script.received.clear();
  bench->script.answers.push_back(empty_reply());
  CHECK(bench->manage(deactivation(2), 1) == 0);
  REQUIRE(bench->script.received.size() == 1);
  CHECK(bench->script.received[0].bytes.size() == 32);
  CHECK(bench->script.received[0].header.count == 0u);
}

TEST_CASE("a STATUS that claims to be longer says so on the wire too") {
  auto bench = Bench::opened();
  bench->script.answers.push_back(empty_reply());
  CHECK(bench->manage(raw(12, 24, 24), 1) == 0);
  const auto& sent = bench->script.received.at(0);
  CHECK(sent.bytes.size() == 40);
  CHECK(sent.header.len == 56u);
}

// kernel-interface §10, quirk 22
TEST_CASE("more transactions than the control ring has descriptors are EAGAIN after two seconds") {
  auto bench = Bench::opened();
  base::ByteVector many;
  for (int i = 0; i < 126; ++i) append(many, TransactionHeader{1, 8});
  bench->script.answers.push_back(empty_reply());
  CHECK(bench->manage(many, 126) == 0);
  append(many, TransactionHeader{1, 8});
  CHECK(bench->manage(many, 127) == Bench::kSleeps);
  bench->pass(std::chrono::milliseconds(1999));
  CHECK_FALSE(bench->ended_with(bench->last_call));
  bench->pass(std::chrono::milliseconds(1));
  CHECK(bench->ended_with(bench->last_call) == -EAGAIN);
  CHECK(bench->script.received.size() == 1);
}

TEST_CASE("who waits for room in the control ring keeps others out, whom a signal ends") {
  auto bench = Bench::opened();
  base::ByteVector many;
  for (int i = 0; i < 127; ++i) append(many, TransactionHeader{1, 8});
  REQUIRE(bench->manage(many, 127) == Bench::kSleeps);
  const CallId holder = bench->last_call;
  REQUIRE(bench->manage(raw(12, 8, 8), 1) == Bench::kSleeps);
  const CallId hit = bench->last_call;
  REQUIRE(bench->manage(raw(12, 8, 8), 1) == Bench::kSleeps);
  const CallId patient = bench->last_call;
  OpenFile other{};
  REQUIRE(bench->driver.open(bench->node, other) == 0);
  bench->driver.close(other);
  CHECK(bench->script.received.empty());
  CHECK(bench->driver.interrupt(hit) == -EINTR);
  bench->script.answers = {empty_reply(), empty_reply()};
  bench->pass(std::chrono::milliseconds(1999));
  CHECK(bench->script.received.empty());
  CHECK(bench->driver.is_open(other));
  bench->pass(std::chrono::milliseconds(1));
  CHECK(bench->ended_with(holder) == -EAGAIN);
  CHECK_FALSE(bench->ended_with(hit));
  CHECK(bench->ended_with(patient) == 0);
  CHECK_FALSE(bench->driver.is_open(other));
  CHECK(bench->script.received.size() == 2);
}

TEST_CASE("a signal ends the wait for room in the control ring") {
  auto bench = Bench::opened();
  base::ByteVector many;
  for (int i = 0; i < 127; ++i) append(many, TransactionHeader{1, 8});
  REQUIRE(bench->manage(many, 127) == Bench::kSleeps);
  CHECK(bench->driver.interrupt(bench->last_call) == -EAGAIN);
  // A request that is with the card may be made again.
  REQUIRE(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  CHECK_FALSE(bench->driver.interrupt(bench->last_call));
}

TEST_CASE("a reset ends who waits for the control channel") {
  auto bench = Bench::opened();
  base::ByteVector many;
  for (int i = 0; i < 127; ++i) append(many, TransactionHeader{1, 8});
  REQUIRE(bench->manage(many, 127) == Bench::kSleeps);
  const CallId holder = bench->last_call;
  REQUIRE(bench->manage(raw(12, 8, 8), 1) == Bench::kSleeps);
  bench->driver.reset_soc();
  CHECK(bench->ended_with(holder) == -EIO);
  CHECK(bench->ended_with(bench->last_call) == -EIO);
}
