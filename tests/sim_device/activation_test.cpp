// Loading and running networks: the messages of runtime-protocols §2.6 byte
// for byte, and every refusal by its status.
#include <doctest/doctest.h>

#include <cstring>

#include "sim/device/activations.hpp"
#include "sim/device/address_map.hpp"
#include "tests/sim_device/card_control.hpp"
#include "tests/sim_device/network_elf.hpp"

using namespace qaic::tests;
using qaic::base::ByteVector;
using qaic::base::DbcId;
using qaic::sim::device::CoreEvent;
using qaic::sim::device::kDdrBase;
using qaic::sim::device::kMulticastBase;
using Register = qaic::wire::dbc::Register;

namespace {

constexpr std::uint64_t kFile = HostBlock::kBase + 0x200000;
constexpr std::uint64_t kQueue = HostBlock::kBase;
constexpr std::uint64_t kData = HostBlock::kBase + 0x100000;
constexpr std::uint64_t kWindow = 8U << 20;

// ACTIVATE_TO_DEV for a queue of 32 elements at kQueue.
const std::string kQueueHex = "09000000 28000000" + hex64(kQueue) + hex64(kQueue + 3968) + hex32(32) +
                              hex32(32) + hex32(4096) + hex32(0);

std::string activate_hex(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1) {
  return "09000000 92100000" + hex32(constants) + hex32(elf) + "00000000 ffffffff 01000000 ffffffff" +
         hex32(state) + "00000000 00 00000000000000";
}
std::string deactivate_hex(std::uint32_t id) {
  return passthrough_hex("0b000000" + hex32(id) + "01000000 00000000");
}
std::string dma_hex(std::uint32_t tag, std::uint64_t address, std::uint64_t size, std::uint32_t chunk = 0) {
  return "06000000 28000000" + hex32(tag) + "01000000" + hex32(chunk) + "00000000" + hex64(address) +
         hex64(size);
}
std::string load_elf_hex(std::uint64_t size, std::string_view name = "double") {
  return "03000000 64000000 92100000 00000000" + hex_text(name, 64) + hex64(size) + "00000000 00000000";
}
std::string load_constants_hex(std::uint64_t static_size, std::uint64_t dynamic_size) {
  return "0f000000 92100000" + hex_text("double", 64) + "18000000 00000000" + hex64(static_size) +
         hex64(dynamic_size) + "00 00 000000000000";
}
std::string payload_hex(std::uint32_t id, std::uint64_t length, std::uint64_t offset) {
  return "10000000 92100000 2c010000" + hex32(id) + hex64(length) + hex64(offset);
}

struct TestNetwork : TestCard {
  using TestCard::TestCard;

  void place(std::uint64_t at, const ByteVector& bytes) {
    std::memcpy(host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
  }
  // {id, status} of LOAD_ELF
  std::pair<std::uint32_t, std::int32_t> load(const ByteVector& file, std::uint32_t user = 5) {
    place(kFile, file);
    const std::string rsp =
        send(user, {passthrough_hex(load_elf_hex(file.size())), dma_hex(100, kFile, file.size())});
    return {static_cast<std::uint32_t>(number_at(rsp, 12, 4)), status_at(rsp, 16)};
  }
  std::uint32_t load_double() {
    const auto [id, status] = load(network_elf());
    REQUIRE(status == 0);
    return id;
  }
  std::uint32_t load_constants(std::uint64_t size, std::uint32_t user = 5) {
    const auto id = static_cast<std::uint32_t>(number_at(command(user, load_constants_hex(size, 0)), 4, 4));
    REQUIRE(id != 0);
    send(user, {passthrough_hex(payload_hex(id, size, 0)), dma_hex(300, kFile, size)});
    return id;
  }
  // The whole reply to ACTIVATE with a queue.
  std::string activate(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1,
                       std::uint32_t user = 5) {
    return send(user, {passthrough_hex(activate_hex(constants, elf, state)), kQueueHex});
  }
  std::int32_t activate_status(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1,
                               std::uint32_t user = 5) {
    const std::string reply = activate(constants, elf, state, user);
    CHECK(reply.size() / 2 == 96 + 24);
    const std::int32_t status = status_at(reply, 12);
    CHECK(number_at(reply, 96, 4) == 8);
    CHECK(status_at(reply, 104) == status);  // both parts agree
    CHECK(number_at(reply, 108, 4) < 16);
    return status;
  }
  void event(CoreEvent::Kind kind, std::uint32_t value = 0, unsigned nsp = 0) {
    card.core_event({kind, group_id, nsp, value, "why"});
  }
  // Loads and activates "double" as user 5.
  void start_double(const NetworkSpec& spec = {}) {
    const auto [elf, status] = load(network_elf(spec));
    REQUIRE(status == 0);
    const std::string reply = activate(0, elf);
    REQUIRE(status_at(reply, 12) == 0);
    activation_id = static_cast<std::uint32_t>(number_at(reply, 16, 4));
    dbc = static_cast<std::uint32_t>(number_at(reply, 20, 4));
    ddr_base = number_at(reply, 24, 8);
    mcid_base = number_at(reply, 40, 8);
    group_id = cores.groups.back()->id();
    elf_id = elf;
  }
  void queue_element(const std::string& hex) {
    place(kQueue + std::uint64_t{tail} * 64, bytes_of_hex(hex));
    tail = (tail + 1) % 32;
    card.write_dbc(DbcId(dbc), Register::request_tail, tail);
  }
  // §2.6: BO0 to window 1 when s0 == 1, then s0 = 0 and doorbell word 0 := 1.
  void queue_input() {
    queue_element(hex32(0x19000001) + hex32(0) + hex64(kData) + hex64(mcid_base + kWindow) + hex32(128) +
                  hex32(0) + hex64(mcid_base) + hex32(0x80) + hex32(1) +
                  "01004084 00000081 00000000 00000000");
  }
  // §2.6: BO1 from DDR + 64 when s1 == 0, then s1 = 1 and doorbell word 1 := 1.
  void queue_output() {
    queue_element(hex32(0x1a000002) + hex32(0) + hex64(ddr_base + 64) + hex64(kData + 128) + hex32(128) +
                  hex32(0) + hex64(mcid_base + 4) + hex32(0x80) + hex32(1) +
                  "00004184 01000181 00000000 00000000");
  }
  std::uint32_t responses() { return card.read_dbc(DbcId(dbc), Register::response_tail); }
  unsigned response_status(std::uint32_t slot) {
    return static_cast<unsigned>(number_at(hex_of(host.at(kQueue + 3968 + slot * 4, 4)), 2, 2));
  }
  void unload_all(std::uint32_t user = 5) { send(user, {"11000000 10000000" + hex32(user) + "00000000"}); }

  std::uint32_t activation_id = 0, dbc = 0, tail = 0, group_id = 0, elf_id = 0;
  std::uint64_t ddr_base = 0, mcid_base = 0;
};

}  // namespace

TEST_CASE("the messages of the worked example are answered byte for byte") {
  TestNetwork test;
  // CONST_EX as the open runtime sends it: 8 bytes more than the command.
  CHECK(test.send(5, {passthrough_hex(
                         "0f000000 92100000" + hex_text("double", 64) +
                         "18000000 00000000 c800000000000000 0000000000000000 00 00 000000000000" +
                         zeros(8))}) == packed("03000000 18000000 02000000 01000000 00000000 00000000"));
  test.place(kFile, ByteVector(200, std::byte{0x5A}));
  CHECK(test.send(5, {passthrough_hex(
                          "10000000 92100000 2c010000 01000000 c800000000000000 0000000000000000" + zeros(8)),
                      dma_hex(300, kFile, 200)}) ==
        packed("03000000 18000000 02000000 01000000 00000000 00000000"));
  NetworkSpec spec;
  spec.static_constants = 200;
  const auto file = network_elf(spec);
  test.place(kFile, file);
  CHECK(test.send(
            5, {passthrough_hex(load_elf_hex(file.size()) + zeros(8)), dma_hex(100, kFile, file.size())}) ==
        packed("03000000 18000000 04000000 01000000 00000000 00000000"));
  CHECK(test.send(5, {passthrough_hex(activate_hex(1, 1) + zeros(8)), kQueueHex}) ==
        packed("03000000 60000000 0a000000 00000000 01000000 00000000" + hex64(kDdrBase + 8192) +
               hex64(kDdrBase + 8192 + 4096) + hex64(kMulticastBase) + hex64(kMulticastBase) +
               "00000000 00000000 0000000000000000 00000000 00000000 0000000000000000 00 00 01000000 0000"
               "08000000 18000000 00000000 00000000 0000000000000000"));
  // The NSP got what the metadata says, and the constants.
  REQUIRE(test.cores.started.size() == 1);
  const auto& program = test.cores.started[0];
  CHECK(program.name == "double");
  CHECK(program.semaphores == std::vector<std::uint16_t>{0, 1});
  CHECK(program.exit_doorbell_offset == 0x460);
  CHECK(program.constants_size == 200);
  CHECK(hex_of(test.cores.ddr().subspan(program.constants_offset, 4)) == "5a5a5a5a");
  CHECK(hex_of(test.cores.ddr().subspan(program.constants_offset + 199, 2)) == "5a00");
  CHECK(program.threads[0].entry == 0x2000040);

  test.group_id = test.cores.groups[0]->id();
  CHECK(test.send(5, {passthrough_hex("0b000000 01000000 01000000 00000000" + zeros(8))}).empty());
  CHECK(hex_of(test.cores.groups[0]->l2tcm(0).subspan(0x460, 4)) == "01000000");
  test.event(CoreEvent::Kind::exited);
  CHECK(test.only_reply().substr(64) ==
        packed("03000000 10000000 0c000000 00000000 0b000000 10000000 00000000 00000000"));
  CHECK(test.command(5, "07000000 01000000") == packed("08000000 00000000"));
  CHECK(test.command(5, "05000000 01000000") == packed("06000000 00000000"));
  CHECK(test.card.held().empty());
}

TEST_CASE("one inference runs through semaphores, doorbells, window and DDR") {
  TestNetwork test;
  test.start_double();
  auto& group = *test.cores.groups[0];
  CHECK(hex_of(group.l2tcm(0).subspan(4, 4)) == "01000000");  // from the L2TCM image
  test.place(kData, ByteVector(128, std::byte{0x21}));
  test.queue_input();
  test.queue_output();
  CHECK(test.responses() == 0);
  CHECK(hex_of(group.l2tcm(0).subspan(4096, 2)) == "0000");
  const unsigned before = group.notified;

  test.event(CoreEvent::Kind::semaphore, 0x02000000);  // INC s0: ready for input
  CHECK(test.responses() == 1);
  CHECK(hex_of(group.l2tcm(0).subspan(4096, 2)) == "2121");
  CHECK(hex_of(group.l2tcm(0).subspan(0, 4)) == "01000000");
  CHECK(group.notified == before + 1);  // once for the whole step

  std::memset(test.cores.ddr().data() + (test.ddr_base - kDdrBase) + 64, 0x42, 128);
  test.event(CoreEvent::Kind::semaphore, 0x03010000);  // DEC s1: output is there
  CHECK(test.responses() == 2);
  CHECK(hex_of(test.host.at(kData + 127, 3)) == "214242");
  CHECK(test.response_status(0) == 0);
  CHECK(test.response_status(1) == 0);
}

TEST_CASE("two threads' twenty thousand increments of one semaphore count exactly") {
  TestNetwork test;
  NetworkSpec spec;
  spec.num_semaphores = 3;
  spec.semaphore_init = {0, 1, 0};
  test.start_double(spec);
  for (unsigned i = 0; i < 20000; ++i) test.event(CoreEvent::Kind::semaphore, 0x02020001, 0);
  // 4,882 requests that each take 4 (a word each), then 472 by waiting for what is left.
  for (unsigned i = 0; i < 5000; ++i) {
    test.queue_element(hex32(0x10000001) + zeros(44) + "00004286 00004286 00004286 00004286");
    REQUIRE(test.card.read_dbc(DbcId(test.dbc), Register::request_head) == test.tail);
    test.card.write_dbc(DbcId(test.dbc), Register::response_head, test.responses());
  }
  const std::uint32_t taken = test.responses();
  test.queue_element(hex32(0x10000002) + zeros(44) + "00004286 00000000 00000000 00000000");
  CHECK(test.responses() == taken);
  test.event(CoreEvent::Kind::semaphore, 0x02020001, 0);
  CHECK(test.responses() != taken);
}

TEST_CASE("a second network gets other physical semaphores and keeps its own numbers") {
  TestNetwork test;
  test.start_double();
  const std::string reply = test.activate(0, test.elf_id);
  REQUIRE(status_at(reply, 12) == 0);
  CHECK(number_at(reply, 20, 4) == 1);                             // DBC
  CHECK(number_at(reply, 40, 8) == kMulticastBase + 2 * kWindow);  // after the first one's two ids
  CHECK(number_at(reply, 8 + 82, 4) == 2);                         // NSP mask
  CHECK(test.cores.started[1].semaphores == std::vector<std::uint16_t>{2, 3});
  // A command for the other's semaphore is not applied.
  test.queue_input();
  test.card.core_event({CoreEvent::Kind::semaphore, test.cores.groups[1]->id(), 0, 0x02000000, ""});
  CHECK(test.responses() == 0);
  CHECK(test.card.take_messages().size() == 1);
  // And a wait command from a core is none.
  test.event(CoreEvent::Kind::semaphore, 0x04000000);
  CHECK(test.card.take_messages().size() == 1);
}

TEST_CASE("a host window reaches every NSP in its mask, each at its own offset") {
  TestNetwork test;
  NetworkSpec spec;
  spec.num_nsps = 3;
  spec.nsp_windows = {{{0, 7, 1124, 0}, {4096, 7, 128, 0}},
                      {{0, 7, 1124, 0}, {512, 7, 128, 1}},
                      {{0, 7, 1124, 0}, {4096, 7, 128, 0}}};
  spec.host_windows = {{7, 1124}, {3, 128}};
  test.start_double(spec);
  auto& group = *test.cores.groups[0];
  test.place(kData, ByteVector(128, std::byte{0x77}));
  test.queue_input();
  test.event(CoreEvent::Kind::semaphore, 0x02000000);
  CHECK(hex_of(group.l2tcm(0).subspan(4096, 1)) == "77");
  CHECK(hex_of(group.vtcm(1).subspan(512, 1)) == "77");
  CHECK(hex_of(group.l2tcm(2).subspan(4096, 1)) == "00");
  for (const unsigned nsp : {0U, 1U, 2U}) CHECK(hex_of(group.l2tcm(nsp).subspan(0, 4)) == "01000000");
  // Nothing can be read from a window of several NSPs.
  test.queue_element(hex32(0x1a000003) + hex32(0) + hex64(test.mcid_base + kWindow) + hex64(kData) +
                     hex32(4) + zeros(36));
  CHECK(test.response_status(1) == 2);
}

TEST_CASE("static and dynamic shared DDR are reachable, what is between and behind is not") {
  TestNetwork test;
  NetworkSpec spec;
  spec.static_shared = 100;
  spec.dynamic_shared = 50;
  test.start_double(spec);
  const auto element = [&](std::uint64_t address, std::uint32_t size) {
    test.queue_element(hex32(0x19000003) + hex32(0) + hex64(kData) + hex64(address) + hex32(size) +
                       zeros(36));
    return test.response_status(test.responses() - 1);
  };
  CHECK(element(test.ddr_base, 100) == 0);
  CHECK(element(test.ddr_base + 1, 100) == 2);
  CHECK(element(test.ddr_base + 4096, 50) == 0);
  CHECK(element(test.ddr_base + 4096, 51) == 2);
  CHECK(element(test.mcid_base + kWindow, 128) == 0);
  CHECK(element(test.mcid_base + kWindow, 129) == 2);
  CHECK(element(test.mcid_base + 2 * kWindow, 1) == 2);
}

TEST_CASE("standby starts no NSP and holds requests until the state becomes ready") {
  TestNetwork test;
  const std::uint32_t elf = test.load_double();
  const std::string reply = test.activate(0, elf, 0);
  REQUIRE(status_at(reply, 12) == 0);
  test.activation_id = static_cast<std::uint32_t>(number_at(reply, 16, 4));
  test.mcid_base = number_at(reply, 40, 8);
  CHECK(test.cores.started.empty());
  CHECK(test.card.status().networks_active == 1);
  test.queue_element(hex32(0x18000001) + zeros(60));
  CHECK(test.responses() == 0);
  const std::string to_ready = "24000000 01000000" + hex32(test.activation_id) + "01000000" + zeros(56);
  CHECK(test.command(6, to_ready) == packed("25000000 f7ffffff"));
  CHECK(test.command(5, to_ready) == packed("25000000 00000000"));
  CHECK(test.cores.started.size() == 1);
  CHECK(test.responses() == 1);
  CHECK(test.command(5, to_ready) == packed("25000000 00000000"));
  CHECK(test.cores.started.size() == 1);
}

TEST_CASE("ACTIVATE_STATE refuses what it cannot do") {
  TestNetwork test;
  test.start_double();
  const auto state = [&](std::uint32_t count, std::uint32_t id, std::uint32_t command) {
    return status_at(test.command(5, "24000000" + hex32(count) + hex32(id) + hex32(command) + zeros(56)), 4);
  };
  CHECK(state(0, test.activation_id, 1) == -6);
  CHECK(state(9, test.activation_id, 1) == -6);
  CHECK(state(1, 77, 1) == -11);
  CHECK(state(1, test.activation_id, 0) == -9);
  CHECK(state(1, test.activation_id, 2) == -6);
  CHECK(state(1, test.activation_id, 3) == -6);
}

TEST_CASE("standby can be ended without having run") {
  TestNetwork test;
  const std::uint32_t elf = test.load_double();
  const std::string reply = test.activate(0, elf, 0);
  CHECK(test.send(5, {deactivate_hex(static_cast<std::uint32_t>(number_at(reply, 16, 4)))}) ==
        packed("03000000 10000000 0c000000 00000000 0b000000 10000000 00000000 00000000"));
}

TEST_CASE("a network that does not leave is stopped after two seconds with -114") {
  TestNetwork test;
  test.start_double();
  CHECK_FALSE(test.card.next_deadline().has_value());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}).empty());
  CHECK(test.card.next_deadline() == test.clock.now + std::chrono::seconds(2));
  test.card.tick();
  CHECK(test.only_reply().empty());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) ==
        packed("03000000 10000000 0c000000 8cffffff"));  // -116
  test.clock.now += std::chrono::seconds(2);
  test.card.tick();
  CHECK(test.only_reply().substr(64) ==
        packed("03000000 10000000 0c000000 8effffff 0b000000 10000000 00000000 00000000"));
  CHECK(test.cores.groups.empty());
  CHECK_FALSE(test.card.next_deadline().has_value());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) == packed("03000000 10000000 0c000000 8cffffff"));
}

TEST_CASE("while a network is asked to leave its channel does nothing more") {
  TestNetwork test;
  test.start_double();
  test.queue_input();
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::semaphore, 0x02000000);
  CHECK(test.responses() == 0);
  CHECK(hex_of(test.cores.groups[0]->l2tcm(0).subspan(4096, 2)) == "0000");
}

TEST_CASE("all NSPs must have left before DEACTIVATE is answered") {
  TestNetwork test;
  NetworkSpec spec;
  spec.num_nsps = 2;
  spec.nsp_windows.push_back(spec.nsp_windows[0]);
  test.start_double(spec);
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::exited, 0, 1);
  test.event(CoreEvent::Kind::exited, 0, 1);
  test.event(CoreEvent::Kind::exited, 0, 9);
  CHECK(test.only_reply().empty());
  test.event(CoreEvent::Kind::exited, 0, 0);
  CHECK(status_at(test.only_reply(), 32 + 12) == 0);
}

TEST_CASE("a network that dies fails its requests, says why and answers DEACTIVATE with -16") {
  TestNetwork test;
  test.start_double();
  test.queue_input();
  test.queue_output();
  bool crash = true;
  SUBCASE("crash") {}
  SUBCASE("hang") {
    crash = false;
  }
  test.event(crash ? CoreEvent::Kind::crashed : CoreEvent::Kind::hang);
  CHECK(test.responses() == 2);
  CHECK(test.response_status(0) == 5);
  CHECK(test.response_status(1) == 5);
  CHECK(test.cores.groups.empty());
  const auto messages = test.card.take_messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find(crash ? "why" : "hangs") != std::string::npos);
  // What comes later fails as well.
  test.queue_input();
  CHECK(test.response_status(2) == 5);
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) ==
        packed("03000000 10000000 0c000000 f0ffffff 0b000000 10000000 00000000 00000000"));
  CHECK(test.card.status().networks_active == 0);
}

TEST_CASE("a network that crashes on its way out is reported with -16") {
  TestNetwork test;
  test.start_double();
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::crashed);
  CHECK(status_at(test.only_reply(), 32 + 12) == -16);
}

TEST_CASE("a network that ends by itself still delivers, then fails what would wait for ever") {
  TestNetwork test;
  test.start_double();
  test.queue_output();
  test.event(CoreEvent::Kind::semaphore, 0x03010000);
  test.event(CoreEvent::Kind::exited);
  CHECK(test.responses() == 1);
  CHECK(test.response_status(0) == 0);
  test.queue_input();
  CHECK(test.response_status(1) == 5);
  CHECK(status_at(test.send(5, {deactivate_hex(test.activation_id)}), 12) == 0);
}

TEST_CASE("TERMINATE stops and frees everything of that user, and nothing else") {
  TestNetwork test;
  test.load_constants(5000, 6);
  test.load_constants(100);
  test.start_double();
  test.queue_input();
  bool transaction = true;
  SUBCASE("transaction, when a file is closed") {}
  SUBCASE("NNC command") {
    transaction = false;
  }
  if (transaction) {
    CHECK(test.send(0, {"11000000 10000000 05000000 00000000"}) ==
          packed("10000000 10000000 00000000 00000000"));
  } else {
    CHECK(test.command(5, "11000000 92100000") == packed("12000000 00000000"));
  }
  CHECK(test.cores.groups.empty());
  CHECK(test.card.held().size() == 2);  // user 6's constants and their bytes
  test.unload_all(6);
  CHECK(test.card.held().empty());
}

TEST_CASE("TERMINATE while a network is leaving ends the waiting request too") {
  TestNetwork test;
  test.start_double();
  CHECK(
      test.send(5, {deactivate_hex(test.activation_id), passthrough_hex(load_constants_hex(64, 0))}).empty());
  test.card.control(bytes_of_hex(message_hex(99, 5, {"11000000 10000000 05000000 00000000"})));
  const auto replies = test.card.take_replies();
  REQUIRE(replies.size() == 2);
  CHECK(number_at(hex_of(replies[0]), 8, 4) == 99);
  CHECK(status_at(hex_of(replies[1]), 32 + 12) == -114);
  CHECK(test.card.held().empty());  // what followed in that request was not done
}

TEST_CASE("refusals of LOAD_ELF") {
  TestNetwork test;
  const auto file = network_elf();
  test.place(kFile, file);
  const auto status = [&](std::initializer_list<std::string> transactions) {
    const std::string rsp = test.send(5, transactions);
    CHECK(number_at(rsp, 12, 4) == 0);
    return status_at(rsp, 16);
  };
  const std::string request = passthrough_hex(load_elf_hex(file.size()));
  CHECK(status({request}) == -2);                                        // no data
  CHECK(status({request, dma_hex(101, kFile, file.size())}) == -2);      // another tag's
  CHECK(status({request, dma_hex(100, kFile, file.size() - 1)}) == -2);  // too little
  CHECK(status({request, dma_hex(100, kFile, file.size() + 1)}) == -2);  // too much
  CHECK(status({request, dma_hex(100, 64, file.size())}) == -2);         // not mapped
  CHECK(status({passthrough_hex(load_elf_hex(0)), dma_hex(100, kFile, 0)}) == -6);
  CHECK(status({passthrough_hex(load_elf_hex(1ULL << 60))}) == -4);
  CHECK(status({passthrough_hex(load_elf_hex(16)), dma_hex(100, kFile, 16)}) == -5);
  CHECK_FALSE(test.card.take_messages().empty());
  test.cores.bad_code = "word 0x12345678 at 0x2000000";
  CHECK(status({request, dma_hex(100, kFile, file.size())}) == -5);
  const auto messages = test.card.take_messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find("0x12345678") != std::string::npos);
  CHECK(test.card.held().empty());
}

TEST_CASE("refusals of LOAD_CONSTANTS_EX and its payload") {
  TestNetwork test;
  const auto create = [&](std::uint64_t a, std::uint64_t b) {
    return status_at(test.command(5, load_constants_hex(a, b)), 8);
  };
  CHECK(create(0, 0) == -6);
  CHECK(create(1ULL << 40, 0) == -4);
  CHECK(create(~0ULL, 1) == -4);
  std::string wrong = packed(load_constants_hex(8, 8));
  wrong.replace(2 * 72, 2, "10");
  CHECK(status_at(test.command(5, wrong), 8) == -6);
  CHECK(create(100, 28) == 0);
  const auto payload = [&](std::uint32_t id, std::uint64_t length, std::uint64_t offset,
                           std::uint32_t user = 5) {
    return status_at(
        test.send(user, {passthrough_hex(payload_hex(id, length, offset)), dma_hex(300, kFile, length)}), 16);
  };
  CHECK(payload(9, 8, 0) == -19);
  CHECK(payload(1, 8, 0, 6) == -9);
  CHECK(payload(1, 0, 0) == -6);
  CHECK(payload(1, 129, 0) == -6);
  CHECK(payload(1, 1, 128) == -6);
  CHECK(payload(1, 8, ~0ULL) == -6);
  CHECK(status_at(test.send(5, {passthrough_hex(payload_hex(1, 8, 0))}), 16) == -2);
  CHECK(payload(1, 28, 100) == 0);
}

TEST_CASE("refusals of UNLOAD") {
  TestNetwork test;
  test.start_double();
  const std::uint32_t constants = test.load_constants(8);
  CHECK(status_at(test.command(5, "07000000 63000000"), 4) == -19);
  CHECK(status_at(test.command(5, "05000000 63000000"), 4) == -19);
  CHECK(status_at(test.command(6, "07000000" + hex32(test.elf_id)), 4) == -9);  // not its owner
  CHECK(status_at(test.command(5, "07000000" + hex32(test.elf_id)), 4) == -9);  // in use
  CHECK(status_at(test.command(6, "05000000" + hex32(constants)), 4) == -9);
  CHECK(status_at(test.command(5, "05000000" + hex32(constants)), 4) == 0);
}

TEST_CASE("refusals of ACTIVATE that need no shortage") {
  TestNetwork test;
  const std::uint32_t elf = test.load_double();
  NetworkSpec weighty;
  weighty.static_constants = 64;
  const std::uint32_t with_constants = test.load(network_elf(weighty)).first;
  NetworkSpec old;
  old.exec_context_major = 4;
  const std::uint32_t old_context = test.load(network_elf(old)).first;
  const std::uint32_t constants = test.load_constants(63);
  const std::uint32_t foreign = test.load_constants(64, 6);
  const auto empty = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));

  CHECK(test.activate_status(0, 99) == -19);
  CHECK(test.activate_status(99, elf) == -19);
  CHECK(test.activate_status(0, elf, 1, 6) == -9);
  CHECK(test.activate_status(foreign, with_constants) == -9);
  CHECK(test.activate_status(0, with_constants) == -6);
  CHECK(test.activate_status(constants, with_constants) == -6);
  CHECK(test.activate_status(empty, with_constants) == -8);
  CHECK(test.activate_status(0, old_context) == -102);
  CHECK(test.activate_status(0, elf, 2) == -6);
  const auto changed = [&](std::size_t offset, const char* hex) {
    std::string command = packed(activate_hex(0, elf));
    command.replace(2 * offset, std::strlen(hex), hex);
    const std::string reply = test.send(5, {passthrough_hex(command), kQueueHex});
    return status_at(reply, 12);
  };
  CHECK(changed(16, "01") == -6);
  CHECK(changed(20, "00000000") == -11);
  CHECK(changed(24, "00") == -6);
  CHECK(changed(28, "00000000") == -11);
  CHECK(changed(36, "01") == -6);
  CHECK(changed(40, "01") == -6);
  // Without a queue there is only the command's answer.
  CHECK(test.send(5, {passthrough_hex(activate_hex(0, elf))}).size() / 2 == 96);
  test.cores.start_failure = "out of processes";
  CHECK(test.activate_status(0, elf) == -16);
  test.cores.start_failure.clear();
  test.cores.unavailable = "qemu-hexagon not found";
  CHECK(test.activate_status(0, elf) == -16);
  CHECK(test.card.take_messages().back().find("qemu-hexagon not found") != std::string::npos);
  test.unload_all();
  test.unload_all(6);
  CHECK(test.card.held().empty());
}

TEST_CASE("refusals of ACTIVATE for want of something") {
  TestNetwork test;
  NetworkSpec spec;
  int expected = 0;
  SUBCASE("NSPs") {
    spec.num_nsps = 9;
    spec.nsp_windows.assign(9, spec.nsp_windows[0]);
    expected = -13;
  }
  SUBCASE("semaphores") {
    spec.num_semaphores = 17;
    spec.semaphore_init.assign(17, 0);
    expected = -15;
  }
  SUBCASE("multicast ids") {
    spec.nsp_windows[0].resize(1600, {0, 1, 4, 0});
    expected = -12;
  }
  SUBCASE("shared DDR") {
    spec.static_shared = 200U << 20;
    expected = -4;
  }
  SUBCASE("heap") {
    spec.heap_size = 200U << 20;
    expected = -4;
  }
  const std::uint32_t elf = test.load(network_elf(spec)).first;
  REQUIRE(elf != 0);
  CHECK(test.activate_status(0, elf) == 0);
  const auto before = test.card.status();
  CHECK(test.activate_status(0, elf) == expected);
  const auto after = test.card.status();
  CHECK(hex_of(qaic::base::bytes_of(before.resources)) == hex_of(qaic::base::bytes_of(after.resources)));
  CHECK(test.cores.groups.size() == 1);
}

TEST_CASE("a seventeenth channel is refused with -14") {
  TestNetwork test;
  NetworkSpec spec;
  spec.num_semaphores = 1;
  spec.semaphore_init = {0};
  spec.nsp_windows = {{{0, 1, 4, 0}}};
  spec.host_windows = {{1, 4}};
  const std::uint32_t elf = test.load(network_elf(spec)).first;
  test.send(6, {kQueueHex});  // one without a network, so that an NSP is left
  for (int i = 0; i < 15; ++i) CHECK(test.activate_status(0, elf) == 0);
  CHECK(test.activate_status(0, elf) == -14);
  CHECK(test.card.status().resources.vc_free == 0);
  CHECK(test.card.status().resources.nsp_free == 1);
}

TEST_CASE("refusals of DEACTIVATE carry no DEACTIVATE_FROM_DEV") {
  TestNetwork test;
  test.start_double();
  CHECK(test.send(5, {deactivate_hex(99)}) == packed("03000000 10000000 0c000000 f5ffffff"));  // -11
  CHECK(test.send(6, {deactivate_hex(test.activation_id)}) == packed("03000000 10000000 0c000000 f7ffffff"));
  CHECK(test.send(5, {passthrough_hex("0b000000" + hex32(test.activation_id) + "00000000 00000000")}) ==
        packed("03000000 10000000 0c000000 faffffff"));
}

TEST_CASE("STATUS counts what is loaded, used and active") {
  TestNetwork test;
  const auto before = test.card.status();
  NetworkSpec spec;
  spec.static_constants = 3U << 20;
  spec.constant_mappings = {{0, 1, 3U << 20}};
  const auto constants =
      static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(3U << 20, 0)), 4, 4));
  const auto [elf, loaded] = test.load(network_elf(spec));
  for (int i = 0; i < 3; ++i) {
    test.send(5, {passthrough_hex(payload_hex(constants, 1U << 20, static_cast<std::uint64_t>(i) << 20)),
                  dma_hex(300, kFile, 1U << 20)});
  }
  REQUIRE(test.activate_status(constants, elf) == 0);
  const auto after = test.card.status();
  CHECK(after.constants_loaded == 1);
  CHECK(after.constants_in_use == 1);
  CHECK(after.networks_loaded == 1);
  CHECK(after.networks_active == 1);
  CHECK(after.resources.nsp_free == before.resources.nsp_free - 1);
  CHECK(after.resources.vc_free == before.resources.vc_free - 1);
  CHECK(after.resources.mcid_free == before.resources.mcid_free - 2);
  CHECK(after.resources.semaphore_free == before.resources.semaphore_free - 2);
  CHECK(after.resources.dram_free == before.resources.dram_free - 4);  // 3 MiB and two pages
  CHECK(after.performance.dram_bw >= 3 * 10240);
}

TEST_CASE("fragmentation is what loading and unloading leaves behind") {
  TestNetwork test;
  std::uint32_t ids[4];
  for (auto& id : ids)
    id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64U << 20, 0)), 4, 4));
  CHECK(test.card.status().resources.dram_free == 0);
  test.command(5, "05000000" + hex32(ids[0]));
  CHECK(test.card.status().resources.fragmentation == 0);
  test.command(5, "05000000" + hex32(ids[2]));
  CHECK(test.card.status().resources.dram_free == 128);
  CHECK(test.card.status().resources.fragmentation == 50);
  // Enough is free, but not in one piece.
  CHECK(status_at(test.command(5, load_constants_hex(100U << 20, 0)), 8) == -4);
  test.command(5, "05000000" + hex32(ids[1]));
  CHECK(test.card.status().resources.fragmentation == 0);
  CHECK(status_at(test.command(5, load_constants_hex(100U << 20, 0)), 8) == 0);
}

// ---- transfers over several messages, kernel-interface §2.6 ----

TEST_CASE("a transfer continues until everything that the command announced is there") {
  TestNetwork test;
  const auto file = network_elf();
  test.place(kFile, file);
  const std::uint64_t third = file.size() / 3;
  CHECK(test.send(5, {passthrough_hex(load_elf_hex(file.size())), dma_hex(100, kFile, third, 7)}) ==
        packed("12000000 18000000 07000000 00000000" + hex64(third)));
  CHECK_FALSE(test.card.held().empty());
  CHECK(test.send(5, {dma_hex(100, kFile + third, third, 7)}) ==
        packed("12000000 18000000 07000000 00000000" + hex64(2 * third)));
  // Another user's chunk of the same number is not ours.
  CHECK(test.send(6, {dma_hex(100, kFile, 8, 7)}).empty());
  CHECK(test.send(5, {dma_hex(100, kFile + 2 * third, file.size() - 2 * third, 7)}) ==
        packed("03000000 18000000 04000000 01000000 00000000 00000000"));
}

TEST_CASE("an aborted or unknown continuation is answered and leaves nothing") {
  TestNetwork test;
  const std::string abort = "06000000 18000000 00000000 00000000 07000000 00000000";
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  CHECK(test.ask(message_hex(1, 5, {abort})).size() / 2 == 32);
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  CHECK(status_at(test.command(5, "05000000" + hex32(id)), 4) == -9);  // being filled
  CHECK(test.ask(message_hex(2, 5, {abort})).size() / 2 == 32);
  CHECK(status_at(test.command(5, "05000000" + hex32(id)), 4) == 0);
  CHECK(test.card.held().empty());
}

TEST_CASE("a continuation that turns bad ends with -2") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  const auto begin = [&] {
    test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  };
  begin();
  CHECK(status_at(test.send(5, {dma_hex(300, kFile, 49, 7)}), 16) == -2);  // too much
  begin();
  CHECK(status_at(test.send(5, {dma_hex(301, kFile, 48, 7)}), 16) == -2);  // another tag
  begin();
  CHECK(status_at(test.send(5, {dma_hex(300, 0, 48, 7)}), 16) == -2);  // not mapped
}

TEST_CASE("a closing file takes its unfinished transfer along") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  bool transaction = true;
  SUBCASE("transaction") {}
  SUBCASE("NNC command, data for the dead constants behind it") {
    transaction = false;
  }
  if (transaction) {
    test.unload_all();
  } else {
    test.send(5, {passthrough_hex("11000000 00000000"), passthrough_hex(payload_hex(id, 64, 0)),
                  dma_hex(300, kFile, 64)});
  }
  CHECK(test.card.held().empty());
}
