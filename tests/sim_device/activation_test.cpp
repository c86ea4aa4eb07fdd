// Activating and running networks: the messages of runtime-protocols §2.6 byte
// for byte, and every refusal of ACTIVATE by its status.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;

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
