// SoC reset, power-on, FLR: everything goes at once, and the card starts anew.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;
using qaic::sim::device::Card;

TEST_CASE("a reset ends everything that was held and stops the cores") {
  TestNetwork test;
  test.load_constants(5000, 6);
  test.start_double();
  test.queue_input();
  test.send(7, {kQueueHex});  // a channel without a network
  CHECK(test.card.held().size() > 5);
  CHECK(test.card.read_dbc(DbcId(test.dbc), Register::request_tail) == 1);

  test.card.reset();
  CHECK_FALSE(test.card.ready());
  CHECK(test.card.held().empty());
  CHECK(test.cores.groups.empty());
  for (std::uint32_t dbc = 0; dbc < 16; ++dbc) {
    CHECK(test.card.read_dbc(DbcId(dbc), Register::request_tail) == 0);
    CHECK(test.card.read_dbc(DbcId(dbc), Register::request_head) == 0);
    CHECK(test.card.read_dbc(DbcId(dbc), Register::response_tail) == 0);
    CHECK(test.card.read_dbc(DbcId(dbc), Register::response_head) == 0);
  }
  const auto status = test.card.status();
  CHECK(status.networks_active == 0);
  CHECK(status.constants_loaded == 0);
  CHECK(status.resources.dram_free == status.resources.dram_total - 32692 + 256);
}

TEST_CASE("a card that was reset answers nothing until it booted again") {
  TestCard test;
  test.card.control(bytes_of_hex(message_hex(1, 3, {passthrough_hex("0d000000 00 000000")})));
  test.card.reset();
  CHECK(test.card.take_replies().empty());  // the reply that was ready is gone
  CHECK(test.command(3, "0d000000 00 000000").empty());
  test.card.write_dbc(DbcId(0), Register::request_tail, 7);
  CHECK(test.card.read_dbc(DbcId(0), Register::request_tail) == 0);
  test.card.receive(Card::Stream::ssr, bytes_of_hex("01"));
  CHECK(test.card.take_messages().empty());
  test.card.boot();
  CHECK(test.card.ready());
  CHECK(test.command(3, "0d000000 00 000000").size() == 2 * 504);
}

TEST_CASE("a reset drops a deactivation that waits and a load that wants more data") {
  TestNetwork test;
  test.start_double();
  const std::uint32_t old_group = test.group_id;
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}).empty());
  test.place(kFile, network_elf());
  test.send(6, {passthrough_hex(load_elf_hex(100)), dma_hex(100, kFile, 50, 9)});
  test.card.reset();
  CHECK_FALSE(test.card.next_deadline().has_value());
  test.clock.now += std::chrono::seconds(3);
  test.card.tick();
  CHECK(test.card.held().empty());
  test.card.boot();
  test.card.core_event({CoreEvent::Kind::exited, old_group, 0, 0, ""});  // of cores that are no more
  CHECK(test.card.take_replies().empty());
  // The same network runs again; ids start anew with the firmware.
  test.tail = 0;
  test.start_double();
  CHECK(test.activation_id == 1);
  CHECK(test.dbc == 0);
}

TEST_CASE("what the card has to tell survives its reset, versions are those of the new images") {
  TestNetwork test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  test.card.reset();
  const auto messages = test.card.take_messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find("crashed") != std::string::npos);
  test.storage.images["fw1.bin"] = std::string("QSM.AIC.1.20.2.5") + std::string(1, '\0');
  test.card.boot();
  CHECK(number_at(test.command(3, "0d000000 00 000000"), 16, 4) == 0x05021401);
}

TEST_CASE("a message that nothing asked for is told of and changes nothing") {
  TestCard test;
  (void)test.card.take_outgoing();  // the boot's log
  for (const auto stream : {Card::Stream::ras, Card::Stream::ssr, Card::Stream::log}) {
    test.card.receive(stream, bytes_of_hex("0102030405"));
  }
  CHECK(test.card.take_messages().size() == 3);
  CHECK(test.card.take_outgoing().empty());
}
