// Loading and unloading: refusals by their status, and the accounting.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;

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
