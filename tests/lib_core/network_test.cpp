// The public interface against a simulated card with four NSPs; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <numeric>
#include <qaic/qaic.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/lib_core/double_program.hpp"

namespace {

using qaic::tests::build;
using qaic::tests::DoubleProgram;
using Words = std::array<std::uint32_t, 32>;

constexpr std::uint32_t kHang = 0xd00d;
constexpr std::uint32_t kCrash = 0xdead;
constexpr std::uint32_t kConstants = 0xc0;
constexpr std::uint32_t kLinger = 0x51;

std::string node() {
  const auto inventory = qaic::Inventory::read();
  REQUIRE(inventory.has_value());
  REQUIRE(inventory->cards().size() == 1);
  return inventory->cards()[0].node;
}

qaic::Device open_device() {
  auto device = qaic::Device::open(node());
  REQUIRE_MESSAGE(device.has_value(), device.error().what());
  return std::move(*device);
}

// A program over bytes that live as long as it.
struct Loaded {
  qaic::base::ByteVector bytes;
  qaic_program* program = nullptr;

  explicit Loaded(const DoubleProgram& wanted) : bytes(build(wanted)) {
    qaic_error error{};
    const int failed = qaic_program_from_bytes(bytes.data(), bytes.size(), &program, &error);
    REQUIRE_MESSAGE(failed == 0, error.what);
  }
  ~Loaded() { qaic_program_free(program); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
};

struct Network {
  qaic_network* raw = nullptr;
  qaic_error error{};

  Network(const qaic::Device& device, const DoubleProgram& wanted) {
    const Loaded loaded(wanted);
    (void)qaic_network_load(device.get(), loaded.program, &raw, &error);
  }
  ~Network() { CHECK(unload() == 0); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  int unload() { return qaic_network_unload(std::exchange(raw, nullptr), &error); }
};

struct Inference {
  qaic_inference* raw = nullptr;
  qaic_error error{};

  explicit Inference(const Network& network) {
    const int failed = qaic_inference_create(network.raw, &raw, &error);
    REQUIRE_MESSAGE(failed == 0, error.what);
  }
  Inference(Inference&& other) noexcept : raw(std::exchange(other.raw, nullptr)) {}
  ~Inference() { qaic_inference_free(raw); }
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;
  Inference& operator=(Inference&&) = delete;

  void put(const Words& words) {
    std::size_t size = 0;
    void* memory = qaic_inference_tensor(raw, 0, &size);
    REQUIRE(size == sizeof(words));
    std::memcpy(memory, words.data(), size);
  }
  Words get() {
    Words words{};
    std::size_t size = 0;
    const void* memory = qaic_inference_tensor(raw, 1, &size);
    REQUIRE(size == sizeof(words));
    std::memcpy(words.data(), memory, size);
    return words;
  }
  int submit() { return qaic_inference_submit(raw, &error); }
  int wait(std::uint32_t ms = 20000) { return qaic_inference_wait(raw, ms, &error); }
  [[nodiscard]] std::string id() const { return error.id; }
};

Words counted_from(std::uint32_t first) {
  Words words;
  std::iota(words.begin(), words.end(), first);
  return words;
}

Words doubled(Words words) {
  for (auto& word : words) word *= 2;
  return words;
}

qaic_status status_of(qaic::Device& device) {
  const auto status = device.status();
  REQUIRE_MESSAGE(status.has_value(), status.error().what());
  return *status;
}

}  // namespace

TEST_CASE("status, resources and performance of a card agree") {
  auto device = open_device();
  const auto status = status_of(device);
  CHECK(status.format_version >= 12);
  CHECK(status.nnc_major == 17);
  CHECK(status.transaction_major == 5);
  CHECK(status.nsp_total == 4);
  CHECK(status.nsp_free == 4);
  const auto resources = device.resources();
  REQUIRE(resources.has_value());
  CHECK(resources->nsp_total == status.nsp_total);
  CHECK(resources->dram_total_mb == status.dram_total_mb);
  CHECK(resources->semaphore_free == status.semaphore_free);
  CHECK(resources->nsp_hz == 0);
  const auto performance = device.performance();
  REQUIRE(performance.has_value());
  CHECK(performance->ddr_hz == status.ddr_hz);
  CHECK(performance->nsp_total == 0);
}

TEST_CASE("a network computes, again and again, and leaves nothing behind") {
  auto device = open_device();
  const auto before = status_of(device);
  {
    const Network network(device, {});
    REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
    const auto during = status_of(device);
    CHECK(during.networks_active == 1);
    CHECK(during.nsp_free == 3);
    CHECK(during.semaphore_free == before.semaphore_free - 2);
    Inference inference(network);
    for (std::uint32_t round = 0; round < 20; ++round) {
      inference.put(counted_from(1000 * round));
      REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
      REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
      CHECK(inference.get() == doubled(counted_from(1000 * round)));
    }
    qaic_inference_stats stats{};
    stats.size = sizeof(stats);
    REQUIRE(qaic_inference_stats_read(inference.raw, &stats, &inference.error) == 0);
    CHECK(stats.queue_elements == 2);
    CHECK(stats.queue_level_before == 0);
  }
  const auto after = status_of(device);
  CHECK(after.networks_active == 0);
  CHECK(after.networks_loaded == 0);
  CHECK(after.nsp_free == before.nsp_free);
  CHECK(after.dram_free_mb == before.dram_free_mb);
  CHECK(after.vc_free == before.vc_free);
}

TEST_CASE("several inferences of one network may be in flight") {
  auto device = open_device();
  const Network network(device, {});
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  std::vector<Inference> inferences;
  for (std::uint32_t i = 0; i < 8; ++i) inferences.emplace_back(network);
  for (std::uint32_t i = 0; i < 8; ++i) {
    inferences[i].put(counted_from(i));
    REQUIRE_MESSAGE(inferences[i].submit() == 0, inferences[i].error.what);
  }
  for (std::uint32_t i = 8; i-- > 0;) {
    REQUIRE_MESSAGE(inferences[i].wait() == 0, inferences[i].error.what);
    CHECK(inferences[i].get() == doubled(counted_from(i)));
  }
}

TEST_CASE("static and dynamic constants arrive one behind the other") {
  auto device = open_device();
  DoubleProgram wanted;
  const Words constants = counted_from(0x01020300);
  wanted.static_constants.resize(64);
  wanted.dynamic_constants.resize(64);
  std::memcpy(wanted.static_constants.data(), constants.data(), 64);
  std::memcpy(wanted.dynamic_constants.data(), constants.data() + 16, 64);
  const Network network(device, wanted);
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  CHECK(status_of(device).constants_in_use == 1);
  Inference inference(network);
  inference.put({kConstants});
  REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
  REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
  CHECK(inference.get() == constants);
}

TEST_CASE("more NSPs than the card has is bad input, more than are free is not now") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.nsps = 5;
  const Network never(device, wanted);
  CHECK(never.raw == nullptr);
  CHECK(never.error.kind == QAIC_ERROR_BAD_INPUT);
  CHECK(never.error.domain == QAIC_DOMAIN_CARD);
  CHECK(never.error.code == -13);
  CHECK(std::string(never.error.what).find("needs 5 NSPs, 4 of 4 are free") != std::string::npos);
  wanted.nsps = 3;
  const Network first(device, wanted);
  REQUIRE_MESSAGE(first.raw != nullptr, first.error.what);
  wanted.nsps = 2;
  const Network second(device, wanted);
  CHECK(second.raw == nullptr);
  CHECK(second.error.kind == QAIC_ERROR_UNAVAILABLE);
  CHECK(std::string(second.error.what).find("needs 2 NSPs, 1 of 4 are free") != std::string::npos);
  CHECK(status_of(device).networks_loaded == 1);  // what was refused left nothing
}

TEST_CASE("memory and semaphores that are short are named") {
  auto device = open_device();
  DoubleProgram large;
  large.shared_ddr = 1ULL << 40;
  const Network memory(device, large);
  CHECK(memory.raw == nullptr);
  CHECK(memory.error.kind == QAIC_ERROR_BAD_INPUT);
  CHECK(std::string(memory.error.what).find("MB of card memory") != std::string::npos);
  const Network two(device, {});
  REQUIRE(two.raw != nullptr);
  DoubleProgram greedy;
  greedy.semaphores = 32;
  const Network semaphores(device, greedy);
  CHECK(semaphores.raw == nullptr);
  CHECK(semaphores.error.kind == QAIC_ERROR_UNAVAILABLE);
  CHECK(std::string(semaphores.error.what).find("needs 32 semaphores") != std::string::npos);
}

TEST_CASE("a network that never answers ends in a deadline and can be unloaded") {
  auto device = open_device();
  Network network(device, {});
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  Inference inference(network);
  inference.put({kHang});
  CHECK(inference.wait() == -1);
  CHECK(inference.id() == "inference-idle");
  REQUIRE(inference.submit() == 0);
  CHECK(inference.wait(50) == -1);
  CHECK(inference.error.kind == QAIC_ERROR_DEADLINE);
  CHECK(inference.id() == "inference-deadline");
  CHECK(inference.submit() == -1);
  CHECK(inference.id() == "inference-in-flight");
  CHECK(inference.wait(50) == -1);
  CHECK(inference.id() == "inference-deadline");
  CHECK_MESSAGE(network.unload() == 0, network.error.what);
  CHECK(inference.wait(50) == -1);
  CHECK(inference.error.kind == QAIC_ERROR_DEVICE);
  CHECK(inference.id() == "channel-lost");
  CHECK(status_of(device).nsp_free == 4);
}

TEST_CASE("a full queue is said to be full") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.doorbells = 100;  // a slice each, so that few inferences fill the queue of 512
  const Network network(device, wanted);
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  std::vector<Inference> inferences;
  for (std::uint32_t i = 0; i < 8; ++i) inferences.emplace_back(network);
  inferences[0].put({kHang});
  std::size_t queued = 0;
  while (queued < inferences.size() && inferences[queued].submit() == 0) ++queued;
  REQUIRE(queued < inferences.size());
  CHECK(queued >= 4);
  CHECK(inferences[queued].error.kind == QAIC_ERROR_UNAVAILABLE);
  CHECK(inferences[queued].id() == "queue-full");
  CHECK(std::string(inferences[queued].error.what).find(" is full") != std::string::npos);
  CHECK(std::string(inferences[queued].error.hint) == "wait for an inference first");
  // What did not get in was not submitted.
  CHECK(inferences[queued].wait(10) == -1);
  CHECK(inferences[queued].id() == "inference-idle");
}

TEST_CASE("a network that crashes ends its inference and gives its NSP back") {
  auto device = open_device();
  Network network(device, {});
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  Inference inference(network);
  inference.put({kCrash});
  REQUIRE(inference.submit() == 0);
  // The driver drops the status of a failed transfer (kernel-interface §10 nr
  // 2), so the wait itself may succeed: it must end, and unloading must tell.
  // Here the driver also restarts the channel (§6.2) and takes it from us.
  if (inference.wait(500) == -1) CHECK(inference.id() == "channel-lost");
  CHECK(network.unload() == -1);
  CHECK(std::string(network.error.id) == "channel-lost");
  CHECK(status_of(device).nsp_free == 4);
}

TEST_CASE("what is still queued when the outputs are there is waited for before it is used again") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.trailing = true;
  const Network network(device, wanted);
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  Inference inference(network);
  inference.put({kLinger});
  REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
  REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
  CHECK(inference.get() == doubled({kLinger}));
  inference.put(counted_from(7));
  CHECK(inference.submit() == -1);
  CHECK(inference.id() == "queue-full");
  // The queue has room, and there is no inference to wait for.
  CHECK(inference.error.kind == QAIC_ERROR_UNAVAILABLE);
  CHECK(std::string(inference.error.what).find("is still queued on channel") != std::string::npos);
  CHECK(std::string(inference.error.hint).starts_with("submit again a little later"));
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (inference.submit() != 0) {
    REQUIRE(inference.id() == "queue-full");
    REQUIRE(std::chrono::steady_clock::now() < limit);
  }
  REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
  CHECK(inference.get() == doubled(counted_from(7)));
}

TEST_CASE("what was loaded before a reset leaves alone what was loaded after it") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.static_constants.resize(64);
  Network old(device, wanted);
  REQUIRE_MESSAGE(old.raw != nullptr, old.error.what);
  Inference waiting(old);
  Inference done(old);
  waiting.put({kHang});
  REQUIRE_MESSAGE(waiting.submit() == 0, waiting.error.what);
  REQUIRE_MESSAGE(done.submit() == 0, done.error.what);
  std::ofstream("/sys/bus/mhi/devices/mhi0/soc_reset") << "1\n";
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!device.status().has_value() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  const Network young(device, wanted);  // gets the numbers and the channel of the old one
  REQUIRE_MESSAGE(young.raw != nullptr, young.error.what);
  Inference inference(young);
  CHECK(waiting.wait(50) == -1);
  CHECK(waiting.id() == "channel-lost");
  CHECK(waiting.submit() == -1);
  CHECK(waiting.id() == "channel-lost");
  CHECK(old.unload() == -1);
  CHECK(std::string(old.error.id) == "channel-lost");
  CHECK(status_of(device).networks_active == 1);
  CHECK(status_of(device).constants_in_use == 1);
  inference.put(counted_from(5));
  REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
  REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
  CHECK(inference.get() == doubled(counted_from(5)));
}

TEST_CASE("children keep the device open") {
  std::optional<qaic::Device> device = open_device();
  const Network network(*device, {});
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  device.reset();
  Inference inference(network);
  inference.put(counted_from(5));
  REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
  REQUIRE_MESSAGE(inference.wait() == 0, inference.error.what);
  CHECK(inference.get() == doubled(counted_from(5)));
}

TEST_CASE("an inference may be freed while it runs") {
  auto device = open_device();
  const Network network(device, {});
  REQUIRE_MESSAGE(network.raw != nullptr, network.error.what);
  for (int i = 0; i < 10; ++i) {
    Inference inference(network);
    inference.put(counted_from(1));
    REQUIRE_MESSAGE(inference.submit() == 0, inference.error.what);
  }
}
