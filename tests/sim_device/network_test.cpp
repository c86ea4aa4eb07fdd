#include "sim/device/network.hpp"

#include <doctest/doctest.h>

#include "tests/sim_device/network_elf.hpp"

using namespace qaic::tests;
using qaic::sim::device::read_network;

TEST_CASE("a network is read with all that it needs") {
  NetworkSpec spec;
  spec.static_constants = 64;
  spec.dynamic_constants = 36;
  spec.constant_mappings = {{4, 1, 60}};
  spec.heap_size = 4096;
  for (const bool bare : {false, true}) {
    spec.prefixed = !bare;
    spec.section = bare ? "metadata_fb" : "metadata";
    const auto network = read_network(network_elf(spec));
    REQUIRE_MESSAGE(network, (network ? "" : network.error().what));
    CHECK(network->name == "double");
    CHECK(network->nsp_count == 1);
    CHECK(network->exec_context_major == 5);
    CHECK(network->semaphore_init == std::vector<std::uint32_t>{0, 1});
    REQUIRE(network->segments.size() == 1);
    CHECK(network->segments[0].address == 0x2000000);
    CHECK(network->segments[0].memory_size == 0x140);
    CHECK(network->segments[0].file_bytes.size() == 0x100);
    CHECK(network->segments[0].executable);
    REQUIRE(network->threads.size() == 1);
    CHECK(network->threads[0].entry == 0x2000040);
    CHECK(network->threads[0].type_mask == 2);
    CHECK(network->multicast[0][1].base_offset == 4096);
    CHECK(network->host_multicast[1].size == 128);
    CHECK(network->multicast_ids() == 2);
    CHECK(network->l2tcm_init.size() == 5);
    CHECK(network->static_shared_size == 192);
    CHECK(network->constants_size == 100);
    CHECK(network->constants_begin == std::vector<std::uint64_t>{4});
    CHECK(network->heap_size == 4096);
  }
}

TEST_CASE("each NSP sees the constants from where its own mapping begins") {
  NetworkSpec spec;
  spec.num_nsps = 3;
  spec.nsp_windows.assign(3, spec.nsp_windows[0]);
  spec.static_constants = 64;
  spec.constant_mappings = {{32, 1, 32}, {8, 4, 8}, {8, 4, 56}};
  const auto network = read_network(network_elf(spec));
  REQUIRE_MESSAGE(network, (network ? "" : network.error().what));
  CHECK(network->constants_begin == std::vector<std::uint64_t>{32, 0, 8});
}

TEST_CASE("the end of an inference is the last request to the host, or the last of all") {
  using Request = NetworkSpec::Request;
  using Memory = qaic::sim::device::LastRequest::Memory;
  const auto last_of = [](std::vector<Request> requests) {
    NetworkSpec spec;
    spec.requests = std::move(requests);
    const auto network = read_network(network_elf(spec));
    REQUIRE(network);
    return network->last_request;
  };
  const Request in{0, 0, 1, 0};
  auto last = last_of({in, {1, 1, 0, 64}, {1, 1, 0, 0}, {0, 0, 1, 8}});
  REQUIRE(last);
  CHECK_FALSE(last->to_device);
  CHECK(last->memory == Memory::shared_ddr);
  CHECK(last->offset == 0);
  CHECK(last->times == 1);
  // The same place twice.
  last = last_of({in, {1, 2, 0, 64}, in, {1, 2, 0, 64}});
  REQUIRE(last);
  CHECK(last->memory == Memory::dynamic_ddr);
  CHECK(last->times == 2);
  // Nothing to the host.
  last = last_of({in, {0, 0, 3, 16}});
  REQUIRE(last);
  CHECK(last->to_device);
  CHECK(last->memory == Memory::window);
  CHECK(last->window == 3);
  CHECK(last->offset == 16);
  // None, or none that is understood.
  CHECK_FALSE(last_of({}));
  CHECK_FALSE(last_of({{1, 9, 0, 0}}));
}

TEST_CASE("code is what the executable sections hold, or all of the segment if there are none") {
  NetworkSpec spec;
  auto network = read_network(network_elf(spec));
  REQUIRE(network);
  REQUIRE(network->segments[0].code.size() == 1);
  CHECK(network->segments[0].code[0].offset == 0);
  CHECK(network->segments[0].code[0].size == 0x100);
  // Data, empty ones and those without file bytes do not count.
  spec.code = {{0x2000080, 0x40}, {0x2000010, 0x20}, {0x2000000, 16, 2}, {0x2000000, 0}, {0, 99, 6, 8}};
  network = read_network(network_elf(spec));
  REQUIRE_MESSAGE(network, (network ? "" : network.error().what));
  REQUIRE(network->segments[0].code.size() == 2);
  CHECK(network->segments[0].code[0].offset == 0x10);
  CHECK(network->segments[0].code[0].size == 0x20);
  CHECK(network->segments[0].code[1].offset == 0x80);
  CHECK(network->segments[0].code[1].size == 0x40);
}

TEST_CASE("a network without multicast tables has no multicast ids, whatever its NSPs are") {
  NetworkSpec spec;
  spec.num_nsps = 3;
  spec.nsp_windows.clear();
  spec.host_windows.clear();
  const auto network = read_network(network_elf(spec));
  REQUIRE_MESSAGE(network, (network ? "" : network.error().what));
  CHECK(network->multicast.size() == 3);
  CHECK(network->multicast_ids() == 0);
  spec.host_windows = {{1, 128}};
  const auto undeclared = read_network(network_elf(spec));
  REQUIRE(!undeclared);
  CHECK(undeclared.error().what.find("that an NSP's own table does not hold") != std::string::npos);
}

TEST_CASE("what does not fit this card is refused, and the reason is said") {
  struct Row {
    const char* reason;
    void (*change)(NetworkSpec&);
  };
  const Row rows[] = {
      {"version 2", [](NetworkSpec& s) { s.version_major = 2; }},
      {"required field \"AicMetadataFlat_Metadata->novelty\"",
       [](NetworkSpec& s) { s.required_fields.emplace_back("AicMetadataFlat_Metadata->novelty"); }},
      {"required field \"networkName\"",
       [](NetworkSpec& s) { s.required_fields.emplace_back("networkName"); }},
      {"no network name", [](NetworkSpec& s) { s.name.clear(); }},
      {"hardware version", [](NetworkSpec& s) { s.hw_major = 3; }},
      {"number of NSPs", [](NetworkSpec& s) { s.num_nsps = 0; }},
      {"number of NSPs", [](NetworkSpec& s) { s.num_nsps = 17; }},
      {"multicast tables", [](NetworkSpec& s) { s.num_nsps = 2; }},
      {"L2TCM size", [](NetworkSpec& s) { s.l2tcm_size = 0; }},
      {"L2TCM size", [](NetworkSpec& s) { s.l2tcm_size = (1 << 20) + 1; }},
      {"VTCM size", [](NetworkSpec& s) { s.vtcm_size = 0; }},
      {"VTCM size", [](NetworkSpec& s) { s.vtcm_size = (8 << 20) + 1; }},
      {"L2TCM image", [](NetworkSpec& s) { s.l2tcm_init_size = 6; }},
      {"L2TCM image",
       [](NetworkSpec& s) {
         s.l2tcm_init.resize(8193);
         s.l2tcm_init_size = 8193;
       }},
      {"exit doorbell", [](NetworkSpec& s) { s.exit_doorbell = 0x464; }},
      {"exit doorbell", [](NetworkSpec& s) { s.l2tcm_size = 0x460; }},
      {"more DDR", [](NetworkSpec& s) { s.static_shared = ~0ULL; }},
      {"more DDR", [](NetworkSpec& s) { s.heap_size = ~0ULL; }},
      {"more DDR",
       [](NetworkSpec& s) {
         s.static_constants = ~0ULL;
         s.dynamic_constants = 1;
       }},
      {"beyond the constants",
       [](NetworkSpec& s) {
         s.constant_mappings = {{0, 1, 1}};
       }},
      {"several constant mappings of one NSP",
       [](NetworkSpec& s) {
         s.static_constants = 64;
         s.constant_mappings = {{0, 1, 32}, {32, 3, 32}};
       }},
      {"number of semaphores", [](NetworkSpec& s) { s.num_semaphores = 33; }},
      {"initial semaphore values", [](NetworkSpec& s) { s.num_semaphores = 3; }},
      {"number of threads", [](NetworkSpec& s) { s.threads.clear(); }},
      {"where no code is",
       [](NetworkSpec& s) {
         s.threads = {{0x2000140, 0}};
       }},
      {"where no code is",
       [](NetworkSpec& s) {
         s.threads = {{0x1ffffff, 0}};
       }},
      {"where no code is",
       [](NetworkSpec& s) {
         s.threads = {{0x102000000, 0}};
       }},
      {"beyond its memory", [](NetworkSpec& s) { s.nsp_windows[0][1].base_offset = 8192 - 127; }},
      {"beyond its memory", [](NetworkSpec& s) { s.nsp_windows[0][1].base_offset = ~0ULL; }},
      {"beyond its memory", [](NetworkSpec& s) { s.nsp_windows[0][1].memory = 2; }},
      {"names NSPs", [](NetworkSpec& s) { s.nsp_windows[0][1].mask = 2; }},
      {"own table does not hold", [](NetworkSpec& s) { s.host_windows[1].mask = 2; }},
      {"own table does not hold", [](NetworkSpec& s) { s.host_windows[1].size = 129; }},
      {"own table does not hold",
       [](NetworkSpec& s) {
         s.host_windows.push_back({1, 4});
       }},
      {"names NSPs", [](NetworkSpec& s) { s.host_windows[1].mask = 0x10000; }},
      {"not an executable for Hexagon", [](NetworkSpec& s) { s.machine = 62; }},
      {"newer core", [](NetworkSpec& s) { s.flags = 0x73; }},
      {"no memory for it", [](NetworkSpec& s) { s.address = 0x1fff000; }},
      {"no memory for it", [](NetworkSpec& s) { s.address = 0xffffff00; }},
      {"outside the executable segments",
       [](NetworkSpec& s) {
         s.code = {{0x2000080, 0x81}};
       }},
      {"outside the executable segments",
       [](NetworkSpec& s) {
         s.code = {{0x1ffffff, 1}};
       }},
      {"outside the executable segments",
       [](NetworkSpec& s) {
         s.code = {{0xffffffff, 0xffffffff}};
       }},
      {"sections overlap",
       [](NetworkSpec& s) {
         s.code = {{0x2000010, 8}, {0x2000000, 0x11}};
       }},
      {"no metadata section", [](NetworkSpec& s) { s.section = "metadat"; }},
  };
  for (const Row& row : rows) {
    NetworkSpec spec;
    row.change(spec);
    const auto network = read_network(network_elf(spec));
    CAPTURE(row.reason);
    REQUIRE_FALSE(network);
    CAPTURE(network.error().what);
    CHECK(network.error().what.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("a network.elf cut short anywhere is refused") {
  const auto whole = network_elf();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(read_network(qaic::base::Bytes(whole).first(size)));
  }
}

TEST_CASE("a network.elf with any one byte changed is read or refused, never misread beyond itself") {
  const auto whole = network_elf();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned value : {0x00U, 0x7FU, 0xFFU}) {
      auto changed = whole;
      changed[at] = static_cast<std::byte>(value);
      (void)read_network(changed);
    }
  }
}
