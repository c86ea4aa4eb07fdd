// A card broken on purpose: each fault, and nothing else, is to be seen.
#include <doctest/doctest.h>

#include <array>

#include "tests/sim_device/card_control.hpp"

using namespace qaic::tests;
using qaic::base::BusAddr;
using qaic::base::ByteVector;
using qaic::sim::device::CardConfig;
using qaic::sim::device::Faults;
using qaic::sim::device::FlippingMemory;

namespace {

constexpr const char* kHandshake = "0f000000 08000000";
constexpr const char* kStatusCommand = "0d000000 00000000";
constexpr const char* kTerminate = "11000000 10000000 05000000 00000000";
// The golden request of kernel-interface §8, its CRC as real.
constexpr const char* kHandshakeWithCrc =
    "bda539f7 51414943 00000000 28000000 01000000 00000000 ffffffff 00000000 0f000000 08000000";

CardConfig broken(bool Faults::*fault) {
  CardConfig config = qaic::sim::device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
  config.faults.*fault = true;
  return config;
}

}  // namespace

TEST_CASE("a card whose CRC is wrong says that it uses one") {
  CardConfig whole = qaic::sim::device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
  whole.features |= 1;
  TestCard right(whole);
  TestCard wrong(broken(&Faults::reply_crc));
  const std::string expected = right.ask(kHandshakeWithCrc);
  const std::string got = wrong.ask(kHandshakeWithCrc);
  REQUIRE(got.size() == expected.size());
  CHECK(got.substr(8) == expected.substr(8));
  CHECK((number_at(got, 48, 8) & 1) == 1);
  CHECK(number_at(got, 0, 4) == (~number_at(expected, 0, 4) & 0xFFFFFFFF));
}

TEST_CASE("a card of another protocol is whole otherwise") {
  TestCard right;
  TestCard wrong(broken(&Faults::protocol_version));
  const std::string expected = right.send(0, {kHandshake});
  const std::string got = wrong.send(0, {kHandshake});
  CHECK(number_at(expected, 8, 2) == 5);
  CHECK(number_at(got, 8, 2) == 4);
  CHECK(got.substr(20) == expected.substr(20));
}

TEST_CASE("a card that uses a CRC seals another protocol's version too") {
  CardConfig config = broken(&Faults::protocol_version);
  config.features |= 1;
  TestCard sealed(config);
  config.faults.reply_crc = true;
  TestCard unsealed(config);
  const std::string right = sealed.ask(kHandshakeWithCrc);
  CHECK(number_at(right, 40, 2) == 4);
  CHECK(number_at(right, 0, 4) == (~number_at(unsealed.ask(kHandshakeWithCrc), 0, 4) & 0xFFFFFFFF));
}

TEST_CASE("what is not answered is only that") {
  struct Silence {
    bool Faults::*fault;
    std::string silent;
    std::array<std::string, 2> answered;
  };
  const std::string status = passthrough_hex(kStatusCommand);
  for (const Silence& s : {Silence{&Faults::silent_handshake, kHandshake, {status, kTerminate}},
                           Silence{&Faults::silent_status, status, {kHandshake, kTerminate}},
                           Silence{&Faults::silent_terminate, kTerminate, {kHandshake, status}}}) {
    TestCard test(broken(s.fault));
    CHECK(test.send(5, {s.silent}).empty());
    CHECK(test.card.take_replies().empty());
    for (const std::string& other : s.answered) CHECK(!test.send(5, {other}).empty());
  }
}

TEST_CASE("data arrives with its first bit flipped, completions and reads whole") {
  World world;
  FlippingMemory memory(world.host);
  const ByteVector data = bytes_of_hex("0102030405");
  REQUIRE(memory.write(BusAddr(HostBlock::kBase), data));
  CHECK(hex_of(world.host.at(HostBlock::kBase, 5)) == packed("0002030405"));
  REQUIRE(memory.write(BusAddr(HostBlock::kBase), qaic::base::Bytes(data).first(4)));
  CHECK(hex_of(world.host.at(HostBlock::kBase, 4)) == packed("01020304"));
  ByteVector back(4);
  REQUIRE(memory.read(BusAddr(HostBlock::kBase), back));
  CHECK(hex_of(back) == packed("01020304"));
}
