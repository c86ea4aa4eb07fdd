// Virtual channels, compute reservations and resource groups, DEVICE_CONFIG and
// the old LOAD_CONSTANTS. Layouts of runtime-protocols §2.2 as hex.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;

namespace {

std::string reserve_vc_hex(std::uint32_t semaphores, std::int32_t group = -1) {
  return "13000000 92100000" + hex32(semaphores) + hex32(static_cast<std::uint32_t>(group)) + zeros(16);
}
std::string reserve_compute_hex(std::uint32_t nsps, std::uint64_t ddr, std::uint32_t ids = 2,
                                unsigned networks = 0, std::int32_t group = -1) {
  return "18000000 92100000" + hex32(static_cast<std::uint32_t>(group)) + zeros(4) + hex64(ddr) +
         hex32(nsps) + hex32(ids) + hex64(0) + hex32(networks) + zeros(4);
}
struct GroupSpec {
  std::uint32_t nsps = 4, ids = 16, semaphores = 8, channels = 3;
  std::uint64_t shared = 8U << 20, memory = 8U << 20;
};
std::string group_hex(const GroupSpec& spec = {}, std::int32_t from = -1) {
  return "1c000000 92100000" + hex32(static_cast<std::uint32_t>(from)) + hex32(spec.nsps) + hex32(spec.ids) +
         hex32(spec.semaphores) + hex32(spec.channels) + zeros(4) + hex64(spec.shared) + hex64(0) +
         hex64(spec.memory) + zeros(8);
}

struct ReservingCard : TestNetwork {
  // {status, id} of an answer with the status at 4 and the id at 8.
  std::pair<std::int32_t, std::int32_t> ask_for(const std::string& hex, std::uint32_t user = 5) {
    const std::string answer = command(user, hex);
    return {status_at(answer, 4), status_at(answer, 8)};
  }
  std::int32_t release(std::uint32_t type, std::int32_t id, std::uint32_t user = 5) {
    return status_at(command(user, hex32(type) + hex32(static_cast<std::uint32_t>(id))), 4);
  }
  // RESOURCE_INFO of a group: the 56 bytes.
  std::string info(std::int32_t group, std::uint32_t user = 5) {
    return command(user, "20000000 92100000" + hex32(static_cast<std::uint32_t>(group)) + zeros(4));
  }
  std::string activate_on(std::uint32_t elf, std::int32_t compute, std::int32_t channel,
                          std::uint32_t user = 5) {
    std::string hex = packed(activate_hex(0, elf));
    hex.replace(2 * 20, 8, hex32(static_cast<std::uint32_t>(compute)));
    hex.replace(2 * 28, 8, hex32(static_cast<std::uint32_t>(channel)));
    return send(user, {passthrough_hex(hex), kQueueHex});
  }
  auto resources() { return card.status().resources; }
};

}  // namespace

TEST_CASE("a reserved channel is not free for others and serves its user's network") {
  ReservingCard test;
  const std::string answer = test.command(5, reserve_vc_hex(2));
  REQUIRE(answer.size() == 2 * 40);
  CHECK(number_at(answer, 0, 4) == 20);
  CHECK(status_at(answer, 4) == 0);
  CHECK(number_at(answer, 8, 4) == 1);
  CHECK(number_at(answer, 12, 4) == 0);
  CHECK(test.resources().vc_free == 15);
  CHECK(test.resources().semaphore_free == 30);

  const std::uint32_t elf = test.load_double();
  const std::string first = test.activate_on(elf, -1, 1);
  CHECK(status_at(first, 12) == 0);
  CHECK(number_at(first, 20, 4) == 0);  // the reserved channel
  CHECK(test.resources().vc_free == 15);
  CHECK(test.resources().semaphore_free == 30);
  CHECK(status_at(test.activate_on(elf, -1, 1), 12) == -14);  // it has only one
  CHECK(test.release(22, 1) == -9);                           // in use
  CHECK(status_at(test.activate_on(elf, -1, 2), 12) == -11);
  CHECK(test.release(22, 1, 6) == -9);
  const std::uint32_t other = test.load(network_elf(), 6).first;
  CHECK(status_at(test.activate_on(other, -1, 1, 6), 12) == -9);

  test.group_id = test.cores.groups.back()->id();
  test.send(5, {deactivate_hex(static_cast<std::uint32_t>(number_at(first, 16, 4)))});
  test.event(CoreEvent::Kind::exited);
  CHECK(status_at(test.only_reply(), 32 + 12) == 0);
  CHECK(test.release(22, 1) == 0);
  CHECK(test.release(22, 1) == -11);
  CHECK(test.resources().vc_free == 16);
  CHECK(test.resources().semaphore_free == 32);
}

TEST_CASE("a network that needs more semaphores than its channel has is refused") {
  ReservingCard test;
  const std::uint32_t elf = test.load_double();
  test.command(5, reserve_vc_hex(1));
  CHECK(status_at(test.activate_on(elf, -1, 1), 12) == -15);
  CHECK(test.ask_for(reserve_vc_hex(32)).first == -15);
  CHECK(test.ask_for(reserve_vc_hex(0xffffffff)).first == -15);
  // Unknown options.
  for (const std::size_t offset : {16U, 20U, 24U}) {
    std::string hex = packed(reserve_vc_hex(1));
    hex.replace(2 * offset, 2, "01");
    CHECK(test.ask_for(hex).first == -6);
  }
  CHECK(test.resources().vc_free == 15);
  for (int i = 0; i < 15; ++i) CHECK(test.ask_for(reserve_vc_hex(0)).first == 0);
  CHECK(test.ask_for(reserve_vc_hex(0)).first == -14);
}

TEST_CASE("a compute reservation gives its NSPs, multicast ids and DDR to its user's networks alone") {
  ReservingCard test;
  const std::uint32_t free = test.resources().dram_free;
  CHECK(test.ask_for(reserve_compute_hex(2, 64U << 20, 4, 2)) == std::pair(0, 1));
  CHECK(test.resources().nsp_free == 14);
  CHECK(test.resources().mcid_free == 3068);
  CHECK(test.resources().dram_free == free - 64);
  const std::uint32_t elf = test.load_double();
  const std::uint32_t before = test.resources().dram_free;
  const std::string first = test.activate_on(elf, 1, -1);
  REQUIRE(status_at(first, 12) == 0);
  CHECK(number_at(first, 12 + 82 - 4, 4) == 1);  // NSP 0, reserved first
  CHECK(test.resources().nsp_free == 14);
  CHECK(test.resources().mcid_free == 3068);
  CHECK(test.resources().dram_free == before);
  CHECK(status_at(test.activate_on(elf, 1, -1), 12) == 0);
  CHECK(status_at(test.activate_on(elf, 1, -1), 12) == -9);  // a third network
  CHECK(status_at(test.activate_on(elf, 9, -1), 12) == -11);
  CHECK(test.release(26, 1) == -9);
  test.unload_all();
  CHECK(test.card.held().empty());
}

TEST_CASE("a compute reservation grows and shrinks by what is free") {
  ReservingCard test;
  const auto update = [&](std::uint32_t nsps, std::int32_t id = 1, std::uint32_t user = 5) {
    return status_at(test.command(user, "2c000000 92100000" + hex32(static_cast<std::uint32_t>(id)) +
                                            hex32(nsps) + hex64(0)),
                     4);
  };
  CHECK(test.ask_for(reserve_compute_hex(2, 0)).first == 0);
  CHECK(update(16) == 0);
  CHECK(test.resources().nsp_free == 0);
  CHECK(update(17) == -13);
  CHECK(update(3) == 0);
  CHECK(test.resources().nsp_free == 13);
  CHECK(update(0) == -6);
  CHECK(update(3, 2) == -11);
  CHECK(update(3, 1, 6) == -9);
  const std::uint32_t elf = test.load_double();
  CHECK(status_at(test.activate_on(elf, 1, -1), 12) == -4);  // no shared DDR in it
  CHECK(test.release(26, 1) == 0);
  CHECK(test.ask_for(reserve_compute_hex(1, 4096)).second == 2);
  CHECK(status_at(test.activate_on(elf, 2, -1), 12) == 0);
  CHECK(update(2, 2) == 0);
  CHECK(update(1, 2) == 0);
  CHECK(status_at(test.activate_on(elf, 2, -1), 12) == -13);
  test.unload_all();
  CHECK(test.card.held().empty());
}

TEST_CASE("shortages of a compute reservation have each its status") {
  ReservingCard test;
  CHECK(test.ask_for(reserve_compute_hex(0, 0)).first == -6);
  CHECK(test.ask_for(reserve_compute_hex(17, 0)).first == -13);
  CHECK(test.ask_for(reserve_compute_hex(0xffffffff, 0)).first == -13);
  CHECK(test.ask_for(reserve_compute_hex(1, 0, 3073)).first == -12);
  CHECK(test.ask_for(reserve_compute_hex(1, 1ULL << 40)).first == -4);
  CHECK(test.ask_for(reserve_compute_hex(1, ~0ULL)).first == -4);
  CHECK(test.ask_for(reserve_compute_hex(1, 0, 2, 0, 3)).first == -11);
  CHECK(test.ask_for(reserve_compute_hex(1, 0, 2, 0, 0)).first == -11);
  CHECK(test.ask_for(reserve_compute_hex(1, 0, 2, 0, -2)).first == -11);
  CHECK(test.card.held().empty());
}

TEST_CASE("a resource group has figures of its own, which reservations from it move") {
  ReservingCard test;
  CHECK(test.ask_for(group_hex()) == std::pair(0, 1));
  const std::string whole = test.info(-1);
  CHECK(number_at(whole, 8 + 15, 1) == 12);  // NSPs free
  CHECK(number_at(whole, 8 + 13, 1) == 13);  // channels free
  std::string group = test.info(1);
  CHECK(status_at(group, 48) == 0);
  CHECK(number_at(group, 4, 4) == 1);
  CHECK(number_at(group, 8, 4) == 16);  // MB, shared and memory
  CHECK(number_at(group, 12, 4) == 16);
  CHECK(number_at(group, 20, 4) == 0x04040303);  // channels and NSPs, total and free
  CHECK(number_at(group, 24, 4) == 16);
  CHECK(number_at(group, 32, 4) == 8);
  CHECK(test.ask_for(reserve_compute_hex(3, 1U << 20, 5, 0, 1)).first == 0);
  CHECK(test.ask_for(reserve_vc_hex(6, 1)).first == 0);
  group = test.info(1);
  CHECK(number_at(group, 12, 4) == 15);
  CHECK(number_at(group, 20, 4) == 0x01040203);
  CHECK(number_at(group, 28, 4) == 11);
  CHECK(number_at(group, 36, 4) == 2);
  CHECK(test.info(-1) == whole);
  CHECK(test.ask_for(reserve_compute_hex(2, 0, 0, 0, 1)).first == -13);
  CHECK(test.ask_for(reserve_vc_hex(3, 1)).first == -15);

  CHECK(status_at(test.info(1, 6), 48) == -9);
  CHECK(test.ask_for(reserve_compute_hex(1, 0, 0, 0, 1), 6).first == -9);
  CHECK(test.release(30, 1, 6) == -9);
  CHECK(test.release(30, 1) == -9);  // parts of it are out
  CHECK(test.release(26, 1) == 0);
  CHECK(test.release(22, 1) == 0);
  CHECK(test.release(30, 1) == 0);
  CHECK(status_at(test.info(1), 48) == -11);
  CHECK(test.card.held().empty());
}

TEST_CASE("groups within groups go with their user, in whatever order they came") {
  ReservingCard test;
  CHECK(test.ask_for(group_hex()) == std::pair(0, 1));
  GroupSpec inner;
  inner.nsps = 2;
  inner.shared = inner.memory = 1U << 20;
  inner.semaphores = 4;
  inner.channels = 2;
  CHECK(test.ask_for(group_hex(inner, 1)) == std::pair(0, 2));
  CHECK(test.ask_for(reserve_compute_hex(2, 4096, 4, 0, 2)).first == 0);
  CHECK(test.ask_for(reserve_vc_hex(2, 2)).first == 0);
  const std::uint32_t elf = test.load_double();
  REQUIRE(status_at(test.activate_on(elf, 1, 1), 12) == 0);
  SUBCASE("the user ends") {
    test.unload_all();
    CHECK(test.card.held().empty());
  }
  SUBCASE("the card is reset") {
    test.card.reset();
    CHECK(test.card.held().empty());
  }
  SUBCASE("its network is restarting") {
    test.card.opened(qaic::sim::device::Card::Stream::ssr);
    test.group_id = test.cores.groups.back()->id();
    test.event(CoreEvent::Kind::crashed);
    CHECK(status_at(test.activate_on(elf, 1, 1), 12) ==
          -14);  // the one NSP left is enough, the channel is not
    test.unload_all();
    CHECK(test.resources().nsp_free == 12);
    // The same handle's next user has nothing to do with it.
    CHECK(test.release(30, 1) == -11);
    test.clock.now += std::chrono::seconds(10);
    test.card.tick();
    CHECK(test.card.held().empty());
  }
}

TEST_CASE("at most 255 reservations of a kind") {
  ReservingCard test;
  GroupSpec nothing{0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 255; ++i) CHECK(test.ask_for(group_hex(nothing)).first == 0);
  CHECK(test.ask_for(group_hex(nothing)).first == -18);
  test.unload_all();
  CHECK(test.card.held().empty());
  GroupSpec wrapping;
  wrapping.shared = ~0ULL;
  CHECK(test.ask_for(group_hex(wrapping)).first == -4);
}

TEST_CASE("DEVICE_CONFIG dedicates DMA channels until its user takes it back or ends") {
  ReservingCard test;
  const auto configure = [&](std::uint32_t option, std::uint32_t channels, std::uint32_t user = 5) {
    return status_at(test.command(user, "26000000 92100000" + hex32(option) + hex32(channels)), 4);
  };
  CHECK(configure(1, 3) == 0);
  CHECK(test.resources().pc_reserved == 3);
  CHECK(configure(1, 1, 6) == -9);
  CHECK(configure(1, 17) == -6);
  CHECK(configure(2, 1) == -6);
  CHECK(test.resources().pc_reserved == 3);
  CHECK(configure(1, 0) == 0);
  CHECK(test.resources().pc_reserved == 0);
  CHECK(configure(1, 16, 6) == 0);
  CHECK(test.card.held().size() == 1);
  test.unload_all(6);
  CHECK(test.resources().pc_reserved == 0);
  CHECK(test.card.held().empty());
}

TEST_CASE("the old LOAD_CONSTANTS brings its data along") {
  ReservingCard test;
  const auto old_hex = [](std::uint64_t size) {
    return "01000000 92100000 2c010000 00000000" + hex64(size) + hex_text("weights", 64);
  };
  test.place(kFile, qaic::tests::bytes_of_hex("0102030405060708"));
  const std::string answer = test.send(5, {passthrough_hex(old_hex(8)), dma_hex(300, kFile, 8)});
  CHECK(number_at(answer, 8, 4) == 2);
  CHECK(number_at(answer, 12, 4) == 1);
  CHECK(status_at(answer, 16) == 0);
  CHECK(hex_of(test.cores.ddr().first(8)) == "0102030405060708");
  CHECK(test.card.status().constants_loaded == 1);
  // All of them are there: a network may run on them at once.
  NetworkSpec weighty;
  weighty.static_constants = 8;
  const std::uint32_t elf = test.load(network_elf(weighty)).first;
  CHECK(test.activate_status(1, elf) == 0);
  CHECK(status_at(test.send(5, {passthrough_hex(old_hex(0)), dma_hex(300, kFile, 8)}), 16) == -6);
  CHECK(status_at(test.send(5, {passthrough_hex(old_hex(9)), dma_hex(300, kFile, 8)}), 16) == -2);
  CHECK(status_at(test.send(5, {passthrough_hex(old_hex(8))}), 16) == -2);
  CHECK(status_at(test.send(5, {passthrough_hex(old_hex(1ULL << 40)), dma_hex(300, kFile, 8)}), 16) == -4);
  CHECK(status_at(test.send(5, {passthrough_hex(old_hex(8)), dma_hex(300, 0x5000, 8)}), 16) == -2);
  test.unload_all();
  CHECK(test.card.held().empty());
}
