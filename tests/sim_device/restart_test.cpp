// Subsystem restart: a network dies, host and card take its channel down and
// up again. Messages of kernel-interface §6.2 as hex.
#include "tests/sim_device/network_card.hpp"
#include "wire/ssr.hpp"

using namespace qaic::tests;
using namespace qaic::sim::device;

namespace {

std::string header(std::uint32_t command, std::uint32_t length, std::uint32_t dbc) {
  return hex32(command) + hex32(length) + hex32(dbc);
}
std::string short_hex(std::uint32_t command, std::uint32_t dbc, std::uint32_t value) {
  return header(command, 16, dbc) + hex32(value);
}
std::string event_hex(std::uint32_t dbc, std::uint32_t event) {
  return short_hex(0x100, dbc, event);
}

struct RestartingCard : TestNetwork {
  RestartingCard() {
    card.opened(Card::Stream::ssr);
    (void)card.take_outgoing();
  }
  // What the card says on QAIC_SSR, one hex text each.
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (const auto& message : card.take_outgoing()) {
      if (message.stream == Card::Stream::ssr) out.push_back(hex_of(message.bytes));
    }
    return out;
  }
  std::string only_said() {
    const auto all = said();
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " messages";
  }
  void hear(const std::string& hex) { card.receive(Card::Stream::ssr, bytes_of_hex(hex)); }
  std::string ack(std::uint32_t event, std::uint32_t channel = 0) {
    hear(short_hex(0x200, channel, event));
    return only_said();
  }
  // Up to the offer of the dump; the table's length.
  std::uint64_t until_dump() {
    CHECK(only_said() == event_hex(0, 2));
    CHECK(ack(2) == event_hex(0, 4));
    CHECK(ack(4) == event_hex(0, 8));
    const std::string offer = ack(8);
    REQUIRE(offer.size() == 2 * 32);
    CHECK(offer.substr(0, 32) == packed("01000000 20000000 00000000 00000000"));
    table_address = number_at(offer, 16, 8);
    return number_at(offer, 24, 8);
  }
  std::string read(std::uint64_t address, std::uint64_t length) {
    hear(header(4, 32, 0) + hex32(0) + hex64(address) + hex64(length));
    const std::string answer = only_said();
    REQUIRE(answer.size() >= 32);
    CHECK(answer.substr(0, 24) == header(8, static_cast<std::uint32_t>(answer.size() / 2), 0));
    return answer.substr(32);
  }

  std::uint64_t table_address = 0;
};

}  // namespace

TEST_CASE("a dead network's channel is taken down, dumped and powered up in step with the host") {
  RestartingCard test;
  test.start_double();
  test.queue_input();
  test.cores.groups[0]->l2tcm(0)[4096] = std::byte{0xA5};
  test.cores.groups[0]->vtcm(0)[1] = std::byte{0x5A};
  test.event(CoreEvent::Kind::crashed);
  // Dead at once: nothing is written to a queue that the host frees now.
  CHECK(test.cores.groups.empty());
  CHECK(test.responses() == 0);
  test.queue_input();
  CHECK(test.responses() == 0);

  const std::uint64_t length = test.until_dump();
  CHECK(length == 3 * 64);
  test.hear(short_hex(2, 0, 0));
  CHECK(test.said().empty());
  const std::string table = test.read(test.table_address, length);
  REQUIRE(table.size() == 2 * length);
  struct Region {
    std::uint64_t base, length;
  };
  std::vector<Region> regions;
  for (std::size_t at = 0; at < length; at += 64) {
    regions.push_back({number_at(table, at + 8, 8), number_at(table, at + 16, 8)});
  }
  const std::string report = test.read(regions[0].base, regions[0].length);
  const auto report_bytes = bytes_of_hex(report);
  const std::string_view text = qaic::base::as_text(report_bytes);
  CHECK(text.find("NSP 0: crashed: why") != std::string_view::npos);
  CHECK(text.find("network \"double\"") != std::string_view::npos);
  CHECK(text.find("request tail 1\n") != std::string_view::npos);
  CHECK(text.find("semaphore 1 1\n") != std::string_view::npos);
  CHECK(regions[1].length == 8192);
  CHECK(test.read(regions[1].base + 4096, 2) == "a500");
  CHECK(regions[2].length == 4096);
  CHECK(test.read(regions[2].base, 4) == "005a0000");
  CHECK(number_at(table, 64 + 24, 5) == 0x2050534EULL + (0x30ULL << 32));  // "NSP 0 …"

  test.hear(short_hex(0x10, 0, 0));
  const auto last = test.said();
  REQUIRE(last.size() == 2);
  CHECK(last[0] == short_hex(0x20, 0, 0));
  CHECK(last[1] == event_hex(0, 0x10));
  CHECK(test.card.held().size() > 1);
  test.hear(short_hex(0x200, 0, 0x10));
  CHECK(test.said().empty());

  // Everything of the activation is free; network and constants stay loaded.
  CHECK(test.card.status().networks_active == 0);
  CHECK(test.card.status().resources.nsp_free == 16);
  CHECK(test.card.status().resources.vc_free == 16);
  CHECK(status_at(test.send(5, {deactivate_hex(test.activation_id)}), 12) == -116);
  CHECK_FALSE(test.card.next_deadline().has_value());
  test.unload_all();
  CHECK(test.card.held().empty());
}

TEST_CASE("a host that declines the dump powers up at once") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::hang);
  test.until_dump();
  test.hear(short_hex(2, 0, 1));
  CHECK(test.only_said() == event_hex(0, 0x10));
  CHECK(test.ack(0x10) == "0 messages");
  CHECK(test.card.status().resources.nsp_free == 16);
}

TEST_CASE("a NACK of the power-up is answered with the power-up again") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  test.until_dump();
  test.hear(short_hex(2, 0, 1));
  CHECK(test.only_said() == event_hex(0, 0x10));
  CHECK(test.ack(1) == event_hex(0, 0x10));
  CHECK(test.ack(0x10) == "0 messages");
  CHECK(test.card.status().resources.vc_free == 16);
}

TEST_CASE("while NSPs restart, commands for them say -36") {
  RestartingCard test;
  NetworkSpec spec;
  spec.num_nsps = 9;
  for (unsigned i = 1; i < 9; ++i) spec.nsp_windows.push_back(spec.nsp_windows[0]);
  test.start_double(spec);
  CHECK(test.activate_status(0, test.elf_id) == -13);  // 18 are not there at all
  test.event(CoreEvent::Kind::crashed);
  CHECK(status_at(test.send(5, {deactivate_hex(test.activation_id)}), 12) == -36);
  CHECK(test.activate_status(0, test.elf_id) == -36);
  CHECK(status_at(test.command(5, "24000000 01000000" + hex32(test.activation_id) + "01000000" + zeros(56)),
                  4) == -36);
  CHECK(test.card.status().networks_active == 0);
}

TEST_CASE("only one channel restarts at a time; the next follows") {
  RestartingCard test;
  test.start_double();
  const std::uint32_t first = test.group_id;
  test.start_double();
  REQUIRE(test.dbc == 1);
  test.card.core_event({CoreEvent::Kind::crashed, first, 0, 0, "first"});
  test.event(CoreEvent::Kind::crashed);
  test.until_dump();
  test.hear(short_hex(2, 0, 1));
  CHECK(test.only_said() == event_hex(0, 0x10));
  CHECK(test.ack(0x10) == event_hex(1, 2));
  CHECK(test.ack(2, 1) == event_hex(1, 4));
  test.card.closed(Card::Stream::ssr);
  CHECK(test.card.status().resources.vc_free == 16);
}

TEST_CASE("the user's end does not end the restart, whose channel stays taken until then") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  test.unload_all();
  CHECK(test.card.status().networks_loaded == 0);
  CHECK(test.card.status().resources.vc_free == 15);
  test.until_dump();
  test.hear(short_hex(2, 0, 1));
  (void)test.said();
  test.ack(0x10);
  CHECK(test.card.held().empty());
}

TEST_CASE("a host that stops answering is not waited for") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  CHECK(test.only_said() == event_hex(0, 2));
  CHECK(test.card.next_deadline() == test.clock.now + std::chrono::seconds(10));
  test.clock.now += std::chrono::seconds(10);
  test.card.tick();
  CHECK_FALSE(test.card.next_deadline().has_value());
  CHECK(test.card.status().resources.nsp_free == 16);
}

TEST_CASE("without a host on the channel a network dies as ever") {
  TestNetwork test;
  test.start_double();
  (void)test.card.take_outgoing();
  test.event(CoreEvent::Kind::crashed);
  CHECK(test.card.take_outgoing().empty());
  CHECK(status_at(test.send(5, {deactivate_hex(test.activation_id)}), 12) == -16);
}

TEST_CASE("a network that dies on its way out is deactivated, not restarted") {
  RestartingCard test;
  test.start_double();
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::crashed);
  CHECK(status_at(test.only_reply(), 32 + 12) == -16);
  CHECK(test.said().empty());
}

TEST_CASE("what a host says out of turn changes nothing") {
  RestartingCard test;
  test.hear(short_hex(0x200, 0, 2));  // nothing restarts
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  (void)test.card.take_messages();
  CHECK(test.only_said() == event_hex(0, 2));
  const std::string wrong[] = {
      "",                                                           // nothing
      "0002000010",                                                 // cut short
      header(0x200, 17, 0) + hex32(2),                              // another length
      header(0x200, 12, 0),                                         // no event
      short_hex(0x200, 7, 2),                                       // another channel
      short_hex(0x200, 0, 4),                                       // another event
      short_hex(2, 0, 0),                                           // no dump was offered
      short_hex(0x10, 0, 0),                                        // none is under way
      header(4, 32, 0) + hex32(0) + hex64(0x40000000) + hex64(64),  // so nothing to read
      short_hex(0x999, 0, 2),                                       // no such command
  };
  for (const std::string& message : wrong) {
    CAPTURE(message);
    test.hear(message);
    CHECK(test.said().empty());
    CHECK(test.card.take_messages().size() == 1);
  }
  CHECK(test.ack(2) == event_hex(0, 4));
}

TEST_CASE("reads beyond the dump are answered without data") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  const std::uint64_t length = test.until_dump();
  test.hear(short_hex(2, 0, 0));
  const std::uint64_t table = test.table_address;
  const std::uint64_t l2tcm = number_at(test.read(table, length), 64 + 8, 8);
  CHECK(test.read(table - 1, 8).empty());
  CHECK(test.read(table, length + 1).empty());
  CHECK(test.read(l2tcm, 8193).empty());
  CHECK(test.read(l2tcm + 8192 + 4096, 1).empty());  // behind VTCM, the last
  CHECK(test.read(~0ULL, 1).empty());
  CHECK(test.read(0, ~0ULL).empty());
  CHECK(test.read(l2tcm, 0).empty());
  CHECK(test.read(l2tcm, 8192).size() == 2 * 8192);
}

TEST_CASE("a fault can be injected into a running network, and into nothing else") {
  TestNetwork test;
  test.start_double();
  const auto nothing = test.card.inject(DbcId(3), CoreEvent::Kind::crashed);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().id == "no-network");
  CHECK_FALSE(test.card.inject(DbcId(99), CoreEvent::Kind::crashed));
  CHECK_FALSE(test.card.inject(DbcId(test.dbc), CoreEvent::Kind::exited));
  REQUIRE(test.card.inject(DbcId(test.dbc), CoreEvent::Kind::crashed));
  CHECK(test.cores.groups.empty());
  CHECK(test.card.take_messages().front().find("injected") != std::string::npos);
}

TEST_CASE("a reset ends a restart") {
  RestartingCard test;
  test.start_double();
  test.event(CoreEvent::Kind::crashed);
  test.card.reset();
  CHECK(test.card.held().empty());
  CHECK(test.said().empty());
  CHECK_FALSE(test.card.next_deadline().has_value());
}
