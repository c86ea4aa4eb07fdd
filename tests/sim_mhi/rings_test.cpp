// Contexts and rings: kernel-interface §4.7-4.9, §11.
#include "tests/sim_mhi/scripted_host.hpp"

using namespace qaic::tests;
using qaic::base::ByteVector;
using qaic::sim::mhi::BootFrom;

namespace {

std::string hex_address(std::uint64_t address) {
  return hex_of(qaic::base::bytes_of(qaic::base::le64(address)));
}

ByteVector pattern(std::size_t size) {
  ByteVector out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 7 + i / 256);
  return out;
}

}  // namespace

TEST_CASE("a card that starts in AMSS comes up by the driver's order of accesses and answers STATUS") {
  ScriptedHost host(BootFrom::amss);
  CHECK(host.env() == 2);
  CHECK(host.read(mhi::Register::status) == 0x101);
  CHECK(host.read(qaic::wire::bhi::Register::serial_number) != 0);
  host.bring_up();
  CHECK(host.read(mhi::Register::status) == 0x201);
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  CHECK(host.take_events() == std::vector<std::string>{packed("0000000000000000 00000002 00002000"),
                                                       packed("0000000000000000 00000002 00004000")});
  CHECK(host.start(10) == 1);
  CHECK(host.start(11) == 1);
  CHECK(host.take_events() ==
        std::vector<std::string>{hex_address(ScriptedHost::kCommands) + packed("00000001 00002100"),
                                 hex_address(ScriptedHost::kCommands + 16) + packed("00000001 00002100")});
  CHECK((host.load<mhi::ChannelContext>(host.context(10)).config & 0xFF) == 2);
  CHECK((host.load<mhi::ChannelContext>(host.context(10)).config & 0xFF00) == 0x200);
  // The chain's last element, then the answer of 56 bytes.
  const std::uint64_t second = host.write_pointer(10) + 16, answer = host.write_pointer(11);
  const std::string reply = host.ask_status();
  CHECK(reply.substr(8, 8) == "51414943");
  CHECK(reply.substr(64, 32) == packed("0e000000 18000000 05000000 00000000"));
  CHECK(host.take_events() == std::vector<std::string>{hex_address(second) + packed("08000002 0000220a"),
                                                       hex_address(answer) + packed("38000002 0000220b")});
}

TEST_CASE("every word of BAR 0 reads as something other than a dead link") {
  ScriptedHost host(BootFrom::pbl);
  for (std::uint32_t offset = 0; offset < 0x2000; ++offset) CHECK(host.controller.read(offset) != 0xFFFFFFFF);
}

TEST_CASE("the timer counts at 19.2 MHz and its halves belong together") {
  ScriptedHost host(BootFrom::amss);
  const auto start = host.world.clock.now;
  host.world.clock.now = start + std::chrono::seconds(10);
  CHECK(host.controller.read(0xA28) == 192'000'000);
  CHECK(host.controller.read(0xA2C) == 0);
  host.world.clock.now = start + std::chrono::seconds(1000);
  const std::uint64_t low = host.controller.read(0xA28);
  host.world.clock.now = start + std::chrono::hours(24);
  const std::uint64_t high = host.controller.read(0xA2C);
  CHECK(((high << 32) | low) == 19'200'000'000);
}

TEST_CASE("the card never fills the event ring, and goes on when the host gives room") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  CHECK(host.poll(ScriptedHost::Credits::keep) == 2);
  for (unsigned i = 0; i < 100; ++i) host.post_command(mhi::Command::nop, 0);
  host.ring_commands();
  const auto context = host.load<mhi::EventContext>(ScriptedHost::kEventContext);
  CHECK(context.read.get() != context.write.get());
  CHECK(host.poll(ScriptedHost::Credits::keep) == 28);  // 30 in all, of 31 slots
  CHECK(host.poll(ScriptedHost::Credits::keep) == 0);
  host.give_back();
  CHECK(host.poll() == 72);
}

TEST_CASE("messages wait for room in the event ring in both directions and none is lost") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.events.clear();
  for (unsigned i = 0; i < 28; ++i) host.give_buffer(1, 64);
  for (unsigned i = 0; i < 28; ++i) host.send(0, bytes_of_hex("00000010aa"));
  CHECK(host.poll(ScriptedHost::Credits::keep) == 30);
  CHECK(host.poll(ScriptedHost::Credits::keep) == 0);
  host.give_back();
  host.poll();
  CHECK(host.events.size() == 56);
  for (unsigned i = 0; i < 28; ++i) CHECK(host.receive(0).has_value());
}

TEST_CASE("a host that gives no buffers is not listened to for ever") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  unsigned taken = 0;
  for (unsigned round = 0; round < 10; ++round) {
    host.events.clear();
    for (unsigned i = 0; i < 20; ++i) host.send(0, pattern(4));
    host.poll();
    taken += static_cast<unsigned>(host.events.size());
    if (host.events.size() < 20) break;
  }
  CHECK(taken == 32);
}

TEST_CASE("a chain of elements is one message, completed by one event") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.give_buffer(1, 65535);
  host.events.clear();
  const ByteVector message = pattern(5000);
  host.send(0, message, 999);
  const auto back = host.receive(0);
  REQUIRE(back.has_value());
  CHECK(*back == message);
  CHECK(host.events.size() == 2);
}

TEST_CASE("a message longer than its buffer overflows; one into a chain goes on there") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  const ByteVector message = pattern(100);
  host.give_buffer(1, 60);
  host.events.clear();
  host.send(0, message);
  host.poll();
  CHECK(host.events.back().word0.get() == 0x0300003C);
  CHECK(*host.receive(0) == ByteVector(message.begin(), message.begin() + 60));
  const std::uint64_t a = host.place(ByteVector(60)), b = host.place(ByteVector(60));
  host.post(1, a, 60, mhi::kTransferChain | mhi::kTransferEventAtBlock);
  host.post(1, b, 60, mhi::kTransferEventAtEnd);
  host.ring_channel(1);
  host.events.clear();
  host.send(0, message);
  host.poll();
  REQUIRE(host.events.size() == 3);
  CHECK(host.events[1].word0.get() == 0x0400003C);
  CHECK(host.events[2].word0.get() == 0x02000028);
}

TEST_CASE("BEI asks for no interrupt") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kTelemetry);
  host.clear_interrupts();
  host.events.clear();
  host.post(16, host.place(pattern(8)), 8, mhi::kTransferEventAtEnd | mhi::kTransferNoInterrupt);
  host.ring_channel(16);
  CHECK(host.world.interrupts.raised.empty());
  CHECK(host.poll() == 1);
  host.send(16, pattern(8));
  CHECK(host.world.interrupts.raised.size() == 1);
}

TEST_CASE("a channel that was stopped or reset takes nothing until it is started anew") {
  for (const auto command : {mhi::Command::stop_channel, mhi::Command::reset_channel}) {
    ScriptedHost host(BootFrom::amss);
    host.bring_up();
    host.poll();
    host.start_pair(channel::kLoopback);
    host.give_buffer(1, 64);
    CHECK(host.command(command, 0) == 1);
    CHECK((host.load<mhi::ChannelContext>(host.context(0)).config & 0xFF) ==
          (command == mhi::Command::stop_channel ? 4 : 0));
    host.events.clear();
    host.send(0, pattern(8));
    CHECK(host.poll() == 0);
    CHECK(host.start(0) == 1);
    host.send(0, pattern(8));
    CHECK(host.receive(0).has_value());
  }
}

TEST_CASE("commands about channels that do not exist, or with contexts that lie, fail") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  CHECK(host.command(mhi::Command::start_channel, 26) == 0x10);
  CHECK(host.command(mhi::Command::start_channel, 200) == 0x10);
  CHECK(host.command(mhi::Command::start_channel, 10) == 0x10);  // a context of zeros
  CHECK(host.command(mhi::Command::stop_channel, 10) == 0x10);
  CHECK(host.command(static_cast<mhi::Command>(99), 10) == 0x11);
  const auto start_with = [&](auto change) {
    mhi::ChannelContext context;
    context.type = 1;
    context.base = context.read = context.write = host.ring(10);
    context.length = 512;
    change(context);
    host.store(host.context(10), context);
    return host.command(mhi::Command::start_channel, 10);
  };
  CHECK(start_with([](auto&) {}) == 1);
  CHECK(start_with([](auto& c) { c.type = 2; }) == 0x10);
  CHECK(start_with([](auto& c) { c.event_ring = 1; }) == 0x10);
  CHECK(start_with([](auto& c) { c.length = 0; }) == 0x10);
  CHECK(start_with([](auto& c) { c.length = 16; }) == 0x10);
  CHECK(start_with([](auto& c) { c.length = 513; }) == 0x10);
  CHECK(start_with([](auto& c) { c.length = 1ULL << 40; }) == 0x10);
  CHECK(start_with([](auto& c) { c.base = 0xFFFFFFFFFFFFFFF0; }) == 0x10);
  CHECK(start_with([](auto& c) { c.read = c.base + 512; }) == 0x10);
  CHECK(start_with([](auto& c) { c.read = c.base + 8; }) == 0x10);
  CHECK(start_with([](auto& c) { c.write = c.base - 16; }) == 0x10);
}

TEST_CASE("contexts that describe no rings end in SYS_ERR, not in a hang") {
  ScriptedHost host(BootFrom::amss);
  SUBCASE("not mapped") {
    host.write64(mhi::Register::event_contexts, 0x10);
  }
  SUBCASE("zeros") {
    host.write64(mhi::Register::event_contexts, ScriptedHost::kEventContext);
    host.write64(mhi::Register::command_contexts, ScriptedHost::kCommandContext);
  }
  host.request(mhi::DeviceState::m0);
  CHECK(host.read(mhi::Register::status) == 0xFF04);
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  host.mhi_reset();
  host.to_control();
  CHECK(!host.ask_status().empty());
}

TEST_CASE("write pointers outside of their rings are ignored") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.events.clear();
  const std::uint32_t doorbells = host.read(mhi::Register::channel_doorbells_offset);
  for (const std::uint64_t lie : {std::uint64_t{0}, host.ring(0) - 16, host.ring(0) + 512, host.ring(0) + 8,
                                  std::uint64_t{0xFFFFFFFFFFFFFFFF}}) {
    host.write64(doorbells, lie);
    host.write64(mhi::Register::command_doorbell, lie);
    host.ring_events(lie);
    host.write64(doorbells + 8 * 100, lie);
  }
  CHECK(host.poll() == 0);
  host.give_buffer(1, 64);
  host.send(0, pattern(8));
  CHECK(host.receive(0).has_value());
}

TEST_CASE("elements that cannot be carried out are completed as errors, and the next one works") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.give_buffer(1, 64);
  host.events.clear();
  host.post(0, 0x10, 8, mhi::kTransferEventAtEnd);  // not mapped
  auto wrong = host.load<mhi::Element>(host.post(0, host.place(pattern(8)), 8, mhi::kTransferEventAtEnd));
  wrong.word1 = 3U << 16 | mhi::kTransferEventAtEnd;
  host.store(host.write_pointer(0) - 16, wrong);
  host.send(0, pattern(8));
  host.poll();
  REQUIRE(host.events.size() == 4);
  CHECK((host.events[0].word0.get() >> 24) == 0x10);
  CHECK((host.events[1].word0.get() >> 24) == 0x11);
  CHECK((host.events[2].word0.get() >> 24) == 2);
  // The other way: the buffer cannot be written.
  host.post(1, 0x10, 64, mhi::kTransferEventAtEnd);
  host.ring_channel(1);
  host.events.clear();
  host.send(0, pattern(8));
  host.poll();
  REQUIRE(host.events.size() == 2);
  CHECK((host.events[1].word0.get() >> 24) == 0x10);
}

TEST_CASE("a chain without end is cut off") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.give_buffer(1, 64);
  const std::uint64_t buffer = host.place(pattern(65535));
  host.events.clear();
  for (unsigned i = 0; i < 20; ++i) {
    host.post(0, buffer, 65535, mhi::kTransferChain);
    host.ring_channel(0);
  }
  CHECK(host.poll() == 0);
  host.post(0, buffer, 1, mhi::kTransferEventAtEnd);
  host.ring_channel(0);
  host.poll();
  REQUIRE(host.events.size() == 1);
  CHECK((host.events[0].word0.get() >> 24) == 3);
}

TEST_CASE("an event ring whose memory is gone ends in silence, and the next session works") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  auto context = host.load<mhi::EventContext>(ScriptedHost::kEventContext);
  context.base = context.read = 0x1000;
  context.write = 0x1000 + ScriptedHost::kEventBytes - 16;
  host.store(ScriptedHost::kEventContext, context);
  host.write64(mhi::Register::event_contexts, ScriptedHost::kEventContext);
  host.clear_interrupts();
  host.request(mhi::DeviceState::m0);
  CHECK(host.world.interrupts.raised.empty());
  host.to_control();
  CHECK(!host.ask_status().empty());
}

TEST_CASE("elements of no bytes touch no memory and are completed") {
  ScriptedHost host(BootFrom::amss);
  host.bring_up();
  host.poll();
  host.start_pair(channel::kLoopback);
  host.give_buffer(1, 64);
  host.events.clear();
  host.post(0, 0x10, 0, mhi::kTransferEventAtEnd);  // nothing is mapped there
  host.ring_channel(0);
  host.poll();
  REQUIRE(host.events.size() == 2);
  CHECK(host.events[0].word0.get() == 0x02000000);
  CHECK(host.events[1].word0.get() == 0x02000000);
}
