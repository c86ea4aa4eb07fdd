// The twin above the card itself: the whole flow of runtime-protocols §2.4
// with the network "double", whose NSP the test plays.
#include <doctest/doctest.h>

#include <numeric>

#include "tests/sim_device/network_elf.hpp"
#include "tests/sim_driver/host.hpp"
#include "tests/support/card_ports.hpp"

using namespace qaic;
using namespace qaic::sim;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using wire::nnc::Command;

namespace {

constexpr std::uint64_t kElf = ClientArray::kStart + 0x20000;
constexpr std::uint64_t kWindow = wire::nnc::kMulticastWindow;

// A command in a passthrough, and its response out of the reply.
template <class T>
base::ByteVector command(Command type, T request) {
  request.type = static_cast<std::uint32_t>(type);
  base::ByteVector out;
  append(out, TransactionHeader{1, static_cast<std::uint32_t>(8 + sizeof(T))});
  base::append_struct(out, request);
  return out;
}

struct Places {
  tests::ImageMap storage;
  tests::PlayedCores cores{64U << 20};
};

struct CardHost : Places, Host {
  CardHost() : Host(device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0), storage, cores, {}) {
    driver.probe();
    REQUIRE(driver.open(node, file) == 0);
  }
  ~CardHost() = default;

  template <class T>
  T response() {
    return *base::read_struct<T>({client->at(kData), 4096}, 8);
  }
  std::int32_t load(OpenFile on) {
    const auto elf = tests::network_elf();
    std::memcpy(client->at(kElf), elf.data(), elf.size());
    wire::nnc::LoadElfRequest request;
    request.tag = 100;
    base::set_fixed_text(request.name, "double");
    request.data_length = elf.size();
    REQUIRE(manage(command(Command::load_elf, request) + transfer(100, kElf, elf.size()), 2, on) == 0);
    const auto loaded = response<wire::nnc::LoadElfResponse>();
    elf_id = loaded.elf_id;
    return loaded.status;
  }
  int activate(OpenFile on) {
    wire::nnc::ActivateRequest request;
    request.elf_id = elf_id;
    request.resource_res_id = -1;
    request.opt_vc_setup = 1;
    request.vc_res_id = -1;
    request.initial_state = 1;
    const int result = manage(command(Command::activate, request) + activation(32), 2, on);
    active = response<wire::nnc::ActivateResponse>();
    dbc = client->get<ActivateFromDev>(kData + 8 + sizeof(active)).dbc_id;
    return result;
  }
  int deactivate() {
    wire::nnc::DeactivateRequest request;
    request.activation_id = active.activation_id;
    request.opt_vc_teardown = 1;
    const auto result = start_manage(command(Command::deactivate, request) + deactivation(dbc), 2);
    return result.value_or(kSleeps);
  }
  // The program answers its exit doorbell.
  void exit() { driver.core_event({device::CoreEvent::Kind::exited, cores.groups.back()->id(), 0, 0, {}}); }
  // §2.6: the two BOs of the program.
  void slice_double() {
    in = bo(128);
    out = bo(128);
    auto entry = slice_of(128, 0, active.mcid_base + kWindow);
    entry.sem[0] = {1, 0, 1, 4, 0, 0};
    entry.sem[1] = {0, 0, 0, 1, 0, 0};
    entry.db_addr = active.mcid_base;
    entry.db_data = 1;
    entry.db_len = 32;
    REQUIRE(attach(in, dbc, {entry}, 1) == 0);
    entry = slice_of(128, 0, active.ddr_base + 64);
    entry.sem[0] = {0, 1, 1, 4, 0, 0};
    entry.sem[1] = {1, 1, 0, 1, 0, 0};
    entry.db_addr = active.mcid_base + 4;
    entry.db_data = 1;
    entry.db_len = 32;
    REQUIRE(attach(out, dbc, {entry}, 2) == 0);
  }
  std::vector<std::byte>& pages(std::size_t nth) {
    return std::next(node.pieces.begin(), static_cast<long>(nth))->second;
  }
  void semaphore(std::uint8_t index, std::uint8_t cmd, std::uint16_t value = 0) {
    wire::dbc::SemaphoreWord word;
    word.index = index;
    word.command = cmd;
    word.value = value;
    word.enabled = 1;
    driver.core_event({device::CoreEvent::Kind::semaphore, cores.groups.back()->id(), 0, word.pack(), {}});
  }
  // What the program does once its doorbell rang: doubles the input into DDR.
  void compute() {
    const auto l2tcm = cores.groups.back()->l2tcm(0);
    REQUIRE(l2tcm[0] == std::byte{1});
    l2tcm[0] = std::byte{0};
    const auto shared = cores.ddr().subspan(static_cast<std::size_t>(cores.started.back().shared_ddr_offset));
    for (std::size_t i = 0; i < 128; ++i) shared[64 + i] = l2tcm[4096 + i] << 1;
    REQUIRE(l2tcm[4] == std::byte{1});
    l2tcm[4] = std::byte{0};
    semaphore(1, 3);
  }

  std::uint32_t elf_id = 0;
  wire::nnc::ActivateResponse active;
  std::uint32_t dbc = 99;
  std::uint32_t in = 0;
  std::uint32_t out = 0;
};

}  // namespace

TEST_CASE("STATUS travels through driver and card") {
  CardHost host;
  CHECK(host.manage(command(Command::status, wire::nnc::StatusRequest{}), 1) == 0);
  const auto status = host.response<wire::nnc::StatusResponse>();
  CHECK(status.type == 14u);
  CHECK(status.status == 0);
  CHECK(status.resources.nsp_total == 16);
  CHECK(host.message.len == 8 + 504);
  base::ByteVector transaction;
  append(transaction, TransactionHeader{12, 8});
  CHECK(host.manage(transaction, 1) == 0);
  CHECK(host.client->get<StatusFromDev>(Host::kData).major == 5);
}

TEST_CASE("an inference moves its input, computes, and wakes the waiter with its output") {
  CardHost host;
  REQUIRE(host.load(host.file) == 0);
  REQUIRE(host.activate(host.file) == 0);
  CHECK(host.dbc == host.active.virtual_channel_id);
  CHECK(host.driver.dbc_state(base::DbcId{host.dbc}) == 1);
  host.slice_double();
  for (int round = 1; round <= 3; ++round) {
    for (std::size_t i = 0; i < 128; ++i) {
      host.pages(0)[i] = static_cast<std::byte>(static_cast<int>(i) / 3 + round);
    }
    CHECK(host.execute(host.dbc, {host.in, host.out}) == 0);
    CHECK(host.start_wait(host.out, host.dbc) == std::nullopt);
    const CallId waiting = host.last_call;
    CHECK(host.start_wait(host.in, host.dbc) == std::nullopt);  // gated: not ready for input yet
    host.semaphore(0, 2);
    CHECK(host.ended_with(host.last_call) == 0);
    CHECK_FALSE(host.ended_with(waiting));
    host.compute();
    CHECK(host.ended_with(waiting) == 0);
    int right = 0;
    for (std::size_t i = 0; i < 128; ++i) right += host.pages(1)[i] == host.pages(0)[i] << 1 ? 1 : 0;
    CHECK(right == 128);
  }
  CHECK(host.deactivate() == Host::kSleeps);
  CHECK(host.driver.dbc_state(base::DbcId{host.dbc}) == 1);
  host.exit();
  CHECK(host.ended_with(host.last_call) == 0);
  CHECK(host.response<wire::nnc::StatusOnlyResponse>().status == 0);
  CHECK(host.driver.dbc_state(base::DbcId{host.dbc}) == 0);
  wire::nnc::UnloadRequest unload;
  unload.id = host.elf_id;
  CHECK(host.manage(command(Command::unload_elf, unload), 1) == 0);
  CHECK(host.driver.card().held().empty());
  CHECK(host.driver.mapped_ranges() == 0);
}

TEST_CASE("a transfer that the card takes in several messages arrives whole") {
  struct SmallPages : Places, Host {
    static Parameters parameters() {
      Parameters p;
      p.pinned_pages = 1;
      return p;
    }
    SmallPages() : Host(device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0), storage, cores, parameters()) {
      driver.probe();
      REQUIRE(driver.open(node, file) == 0);
    }
    ~SmallPages() = default;
  } host;
  wire::nnc::LoadConstantsExRequest load;
  base::set_fixed_text(load.name, "weights");
  load.descriptor_len = 24;
  auto message = command(Command::load_constants_ex, load);
  // Descriptor: static size, dynamic size, two flags, padding (§1.2).
  const std::uint64_t size = 10000;
  append(message, size);
  append(message, std::uint64_t{0});
  append(message, std::uint64_t{0});
  const TransactionHeader header{1, static_cast<std::uint32_t>(message.size())};
  std::memcpy(message.data(), &header, sizeof(header));
  REQUIRE(host.manage(message, 1) == 0);
  const auto constants =
      *base::read_struct<wire::nnc::LoadConstantsResponse>({host.client->at(Host::kData), 64}, 8);
  REQUIRE(constants.status == 0);
  for (std::uint32_t i = 0; i < size; i += 4) host.client->put(kElf + 2 + i, i * 2654435761u);
  wire::nnc::LoadConstantsPayloadRequest payload;
  payload.tag = 300;
  payload.constants_id = constants.constants_id;
  payload.data_length = size;
  REQUIRE(host.manage(command(Command::load_constants_payload, payload) + transfer(300, kElf + 2, size), 2) ==
          0);
  CHECK(base::read_struct<wire::nnc::LoadConstantsResponse>({host.client->at(Host::kData), 64}, 8)->status ==
        0);
  const auto ddr = host.cores.ddr();
  const auto* source = host.client->at(kElf + 2);
  CHECK(std::search(ddr.begin(), ddr.end(), source, source + size) != ddr.end());
}

TEST_CASE("another file has no say over what one file loaded and activated") {
  CardHost host;
  OpenFile other{};
  REQUIRE(host.driver.open(host.node, other) == 0);
  REQUIRE(host.load(host.file) == 0);
  REQUIRE(host.activate(host.file) == 0);
  wire::nnc::DeactivateRequest request;
  request.activation_id = host.active.activation_id;
  request.opt_vc_teardown = 1;
  CHECK(host.manage(command(Command::deactivate, request), 1, other) == 0);
  CHECK(host.response<wire::nnc::StatusOnlyResponse>().status == -9);
  CHECK(host.driver.dbc_state(base::DbcId{host.dbc}) == 1);
  host.driver.close(other);
  CHECK_FALSE(host.driver.card().held().empty());
  host.driver.close(host.file);
  CHECK(host.driver.card().held().empty());
}

TEST_CASE("a refused activation is ECANCELED with the card's reason in the reply") {
  CardHost host;
  host.elf_id = 77;
  CHECK(host.activate(host.file) == -ECANCELED);
  CHECK(host.active.status != 0);
  CHECK(host.driver.mapped_ranges() == 0);
  CHECK(host.driver.card().held().empty());
}

TEST_CASE("a close at any step leaves nothing on the card and nothing in the driver") {
  for (int steps = 0; steps <= 10; ++steps) {
    CAPTURE(steps);
    CardHost host;
    if (steps >= 1) CHECK(host.load(host.file) == 0);
    if (steps >= 2) CHECK(host.activate(host.file) == 0);
    if (steps >= 3) host.slice_double();
    if (steps >= 4) CHECK(host.execute(host.dbc, {host.in, host.out}) == 0);
    if (steps >= 5) CHECK(host.start_wait(host.out, host.dbc) == std::nullopt);
    const CallId waiting = host.last_call;
    if (steps >= 6) host.semaphore(0, 2);
    if (steps >= 7) host.compute();
    if (steps >= 8) CHECK(host.deactivate() == Host::kSleeps);
    const CallId deactivating = host.last_call;
    if (steps >= 9) CHECK(host.gem_close(host.in) == 0);
    if (steps >= 10) host.exit();
    if (steps >= 1) CHECK_FALSE(host.driver.card().held().empty());
    if (steps >= 5) host.driver.interrupt(waiting);
    if (steps >= 8) host.driver.interrupt(deactivating);
    host.driver.close(host.file);
    CHECK_FALSE(host.driver.is_open(host.file));
    CHECK(host.driver.card().held().empty());
    CHECK(host.driver.mapped_ranges() == 0);
    CHECK(host.node.pieces.empty());
    CHECK(host.cores.groups.empty());
  }
}

TEST_CASE("a closed file's channel is free for the next one as soon as the card answered") {
  CardHost host;
  host.driver.close(host.file);
  for (int round = 0; round < 40; ++round) {
    OpenFile file{};
    REQUIRE(host.driver.open(host.node, file) == 0);
    CHECK(host.manage(activation(8), 1, file) == 0);
    CHECK(host.client->get<ActivateFromDev>(Host::kData).dbc_id == 0);
    host.driver.close(file);
  }
  CHECK(host.driver.card().held().empty());
}

// Card and driver agree on the restart (kernel-interface §1.9, §6.2).
TEST_CASE("a crashed network ends its waiter with EPIPE, its channel restarts, and a close cleans up") {
  CardHost host;
  REQUIRE(host.load(host.file) == 0);
  REQUIRE(host.activate(host.file) == 0);
  host.slice_double();
  CHECK(host.execute(host.dbc, {host.in, host.out}) == 0);
  CHECK(host.start_wait(host.out, host.dbc, 20) == std::nullopt);
  host.driver.core_event({device::CoreEvent::Kind::crashed, host.cores.groups.back()->id(), 0, 0, "why"});
  CHECK_FALSE(host.driver.take_messages().empty());
  CHECK(host.ended_with(host.last_call) == -EPIPE);
  CHECK(host.driver.dbc_state(base::DbcId{host.dbc}) == 0);
  CHECK(host.driver.take_dump());
  host.driver.close(host.file);
  CHECK(host.driver.card().held().empty());
}
