// Sessions: resets, errors, suspend, a driver that leaves without a word, and
// what a host may not do to the card. kernel-interface §4.10, §6.3.
#include <zlib.h>

#include "tests/sim_device/card_control.hpp"
#include "tests/sim_mhi/scripted_host.hpp"

using namespace qaic::tests;
using qaic::base::ByteVector;
using qaic::sim::mhi::BootFrom;

namespace {

// Asks for a DMA bridge channel without a network: something the host holds.
void hold_something(ScriptedHost& host) {
  ByteVector message = bytes_of_hex(
      message_hex(7, 0,
                  {"09000000 28000000" + hex64(ScriptedHost::kBuffers) +
                   hex64(ScriptedHost::kBuffers + 2048) + hex32(32) + hex32(32) + hex32(4096) + hex32(0)}));
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(message.size())));
  REQUIRE(qaic::base::write_struct(message, qaic::base::le32(crc)));
  host.give_buffer(11, 4096);
  host.send(10, message, 32);
  REQUIRE(host.receive(channel::kControl).has_value());
  REQUIRE(!host.card.held().empty());
}

}  // namespace

TEST_CASE("SYS_ERR: the host is told, resets MHI and finds the card where it was, with nothing held") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  REQUIRE(!host.ask_status().empty());
  hold_something(host);
  host.clear_interrupts();
  host.controller.system_error();
  CHECK(host.read(mhi::Register::status) == 0xFF04);
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  CHECK(host.card.held().empty());
  host.request(mhi::DeviceState::m0);  // nothing but RESET is heard
  CHECK(host.read(mhi::Register::status) == 0xFF04);
  host.clear_interrupts();
  host.mhi_reset();
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});  // 6.12 waits for it
  CHECK(host.read(mhi::Register::status) == 0x101);
  CHECK(host.env() == 2);
  host.to_control();
  CHECK(!host.ask_status().empty());
}

TEST_CASE("an MHI reset frees what the host held; a second session works") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  REQUIRE(!host.ask_status().empty());
  hold_something(host);
  host.mhi_reset();
  CHECK(host.card.held().empty());
  CHECK(host.read(mhi::Register::status) == 0x101);
  host.to_control();
  CHECK(!host.ask_status().empty());
}

TEST_CASE("a driver that left without a word is replaced by the next one's contexts") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  REQUIRE(!host.ask_status().empty());
  hold_something(host);
  const unsigned before = static_cast<unsigned>(host.world.interrupts.raised.size());
  host.bring_up();  // all rings from their start again
  CHECK(host.world.interrupts.raised.size() == before + 1);
  CHECK(host.take_events().size() == 2);
  CHECK(host.card.held().empty());
  host.start_pair(channel::kControl);
  CHECK(!host.ask_status().empty());
}

TEST_CASE("suspend stops everything, resume goes on without a new environment event") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  host.take_events();
  host.request(mhi::DeviceState::m3);
  CHECK(host.state() == 5);
  CHECK(host.take_events() == std::vector<std::string>{packed("0000000000000000 00000005 00002000")});
  CHECK(host.ask_status().empty());
  host.request(mhi::DeviceState::m0);
  CHECK(host.state() == 2);
  const auto events = host.take_events();
  REQUIRE(events.size() == 3);
  CHECK(events[0] == packed("0000000000000000 00000002 00002000"));
  CHECK(host.receive(channel::kControl).has_value());
}

TEST_CASE("the wake doorbell is no ring, and wakes a card in M2") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  host.take_events();
  const std::uint32_t wake = host.read(mhi::Register::channel_doorbells_offset) + 8 * 127;
  host.write64(wake, 1);
  host.write64(wake, 0);
  CHECK(host.take_events().empty());
  host.request(mhi::DeviceState::m2);
  CHECK(host.state() == 4);
  host.write64(wake, 1);
  CHECK(host.state() == 2);
  CHECK(!host.ask_status().empty());
}

TEST_CASE("the SoC reset register starts a card anew that boots without firmware") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  REQUIRE(!host.ask_status().empty());
  hold_something(host);
  host.world.clock.now += std::chrono::seconds(10);
  host.clear_interrupts();
  host.write(mhi::Register::soc_reset, 0);
  CHECK(host.state() == 2);
  host.write(mhi::Register::soc_reset, 1);
  CHECK(host.read(mhi::Register::soc_reset) != 0xFFFFFFFF);
  CHECK(host.controller.read(0xA28) == 0);  // the counter too
  CHECK(host.card.held().empty());
  host.await_system_error();
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  host.mhi_reset();
  CHECK(host.env() == 2);
  host.to_control();
  CHECK(!host.ask_status().empty());
}

// A host looks for a SYS_ERR at each interrupt, and until it has begun to handle
// one it takes what it sees for another.
TEST_CASE("a SoC reset shows its SYS_ERR once the host has answered what came before") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  REQUIRE(!host.ask_status().empty());
  hold_something(host);
  const auto raised = host.world.interrupts.raised.size();
  host.write(mhi::Register::soc_reset, 1);
  host.pass(std::chrono::milliseconds(100));
  CHECK(host.read(mhi::Register::status) == 0);
  CHECK(host.world.interrupts.raised.size() == raised);
  host.write(mhi::Register::soc_reset, 1);  // once more: still one SYS_ERR
  host.pass(std::chrono::milliseconds(199));
  CHECK(host.read(mhi::Register::status) == 0);
  host.pass(std::chrono::milliseconds(1));
  CHECK(host.read(mhi::Register::status) == 0xFF04);
  CHECK(host.world.interrupts.raised.size() == raised + 1);
  host.pass(std::chrono::seconds(10));
  CHECK(host.world.interrupts.raised.size() == raised + 1);
}

TEST_CASE("a host that resets MHI while the SoC comes back is told of nothing") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  host.write(mhi::Register::soc_reset, 1);
  host.clear_interrupts();
  host.mhi_reset();
  host.pass(std::chrono::seconds(10));
  CHECK(host.read(mhi::Register::status) == 0x101);
  CHECK(host.world.interrupts.raised.empty());
  host.to_control();
  CHECK(!host.ask_status().empty());
}

TEST_CASE("power-on forgets the host's rings: no interrupt, no write to its memory") {
  ScriptedHost host(BootFrom::amss);
  host.to_control();
  host.give_buffer(11, 4096);
  host.controller.reset();
  CHECK(host.read(mhi::Register::status) == 0x101);
  CHECK(host.controller.read(0x58) == 0);
  host.clear_interrupts();
  const unsigned writes = host.world.host.writes;
  host.send(10, bytes_of_hex("00"));
  host.ring_commands();
  host.controller.pump();
  CHECK(host.world.host.writes == writes);
  CHECK(host.world.interrupts.raised.empty());
}

TEST_CASE("the periodic time message sets the card's offset, and garbage does not") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  CHECK(host.start(channel::kTimesyncPeriodic) == 1);
  host.events.clear();
  host.send(channel::kTimesyncPeriodic,
            bytes_of_hex("55aa 0000 00 01 0000 00f15365 00000000 40e20100 00000000"));
  CHECK(!host.controller.host_time_offset().has_value());  // signature the wrong way round
  host.send(channel::kTimesyncPeriodic,
            bytes_of_hex("aa55 0000 00 00 0000 00f15365 00000000 40e20100 00000000"));
  CHECK(!host.controller.host_time_offset().has_value());  // no time
  host.send(channel::kTimesyncPeriodic, bytes_of_hex("aa55 0000 00 01 0000 00f15365 00000000 40e20100"));
  CHECK(!host.controller.host_time_offset().has_value());  // cut off
  host.send(channel::kTimesyncPeriodic,
            bytes_of_hex("aa55 0000 00 01 0000 ffffffff ffffffff 40e20100 00000000"));
  CHECK(!host.controller.host_time_offset().has_value());
  host.send(channel::kTimesyncPeriodic,
            bytes_of_hex("aa55 0000 00 01 0000 00f15365 00000000 40e20100 00000000"));
  REQUIRE(host.controller.host_time_offset().has_value());
  CHECK(host.controller.host_time_offset()->count() == 1'700'000'000'123'456);
  host.poll();
  CHECK(host.events.size() == 5);  // every element comes back
}

TEST_CASE("channels that nobody serves give the host its buffers back") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  for (const unsigned pair :
       {channel::kDiag, channel::kQdss, channel::kTelemetry, channel::kDebug, channel::kIpcr}) {
    CHECK(host.start(pair) == 1);
    host.events.clear();
    host.send(pair, bytes_of_hex("010203"));
    host.poll();
    REQUIRE(host.events.size() == 1);
    CHECK(host.events[0].word0.get() == 0x02000003);
  }
}
