// The public queue against a simulated card with four NSPs; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/lib_core/double_program.hpp"
#include "tests/support/must.hpp"

namespace {

using qaic::tests::build;
using qaic::tests::DoubleProgram;
using qaic::tests::must;
using Words = std::array<std::uint32_t, 32>;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kHang = 0xd00d;
constexpr std::uint32_t kCrash = 0xdead;

qaic::Device open_device() {
  const auto inventory = must(qaic::Inventory::read());
  REQUIRE_FALSE(inventory.cards().empty());
  return must(qaic::Device::open(inventory.cards()[0].node));
}

qaic::Network load(qaic::Device& device, const DoubleProgram& wanted = {}) {
  std::string path = (std::filesystem::temp_directory_path() / "qaic-queue-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  const auto bytes = build(wanted);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  auto program = qaic::Program::open(path);
  std::filesystem::remove(path);
  REQUIRE_MESSAGE(program.has_value(), program.error().what());
  return must(qaic::Network::load(device, *program));
}

Words counted_from(std::uint32_t first) {
  Words words;
  std::iota(words.begin(), words.end(), first);
  return words;
}

void put(qaic::Queue& queue, std::uint32_t slot, const Words& words) {
  const auto memory = queue.tensor(slot, 0);
  REQUIRE(memory.size() == sizeof(words));
  std::memcpy(memory.data(), words.data(), sizeof(words));
}

bool is_doubled(qaic::Queue& queue, std::uint32_t slot, std::uint32_t first) {
  Words wanted = counted_from(first);
  for (auto& word : wanted) word *= 2;
  return std::memcmp(queue.tensor(slot, 1).data(), wanted.data(), sizeof(wanted)) == 0;
}

std::uint32_t submit_one(qaic::Queue& queue, std::uint32_t first) {
  const auto slot = must(queue.acquire(0));
  put(queue, slot, counted_from(first));
  must(queue.submit(slot, first));
  return slot;
}

std::uint32_t free_nsps(qaic::Device& device) {
  return must(device.resources()).nsp_free;
}

}  // namespace

TEST_CASE("eight in flight give eight right answers, in order, whichever way they are fetched") {
  auto device = open_device();
  auto network = load(device);
  for (const bool with_event : {false, true}) {
    auto queue = must(with_event ? qaic::Queue::with_event(network, {}) : qaic::Queue::create(network, {}));
    CHECK(queue.depth() == 8);
    for (std::uint32_t i = 0; i < 8; ++i) submit_one(queue, 100 * i);
    for (std::uint32_t i = 0; i < 200; ++i) {
      const auto done = must(queue.next(20000));
      REQUIRE_FALSE(done.error.has_value());
      CHECK(done.user_data == 100 * i);
      CHECK(is_doubled(queue, done.slot, 100 * i));
      put(queue, done.slot, counted_from(100 * (i + 8)));
      must(queue.submit(done.slot, 100 * (i + 8)));
    }
    must(queue.drain(20000));
  }
}

TEST_CASE("an event fits a poll loop") {
  auto device = open_device();
  auto network = load(device);
  auto queue = must(qaic::Queue::with_event(network, {4, 20000}));
  for (std::uint32_t i = 0; i < 4; ++i) submit_one(queue, i);
  std::uint32_t fetched = 0;
  while (fetched < 4) {
    pollfd watched{queue.event_fd(), POLLIN, 0};
    REQUIRE(::poll(&watched, 1, 20000) == 1);
    for (auto done = queue.next(0); done; done = queue.next(0)) {
      CHECK(is_doubled(queue, done->slot, fetched++));
    }
  }
  pollfd watched{queue.event_fd(), POLLIN, 0};
  CHECK(::poll(&watched, 1, 0) == 0);
}

TEST_CASE("a callback keeps the card busy by submitting again") {
  auto device = open_device();
  auto network = load(device);
  constexpr std::uint32_t kAll = 100;
  std::atomic<std::uint32_t> given = 0;
  std::atomic<std::uint32_t> right = 0;
  qaic::Queue* raw = nullptr;
  std::mutex made;  // until raw is set
  auto queue = must(qaic::Queue::with_callback(network, {4, 20000}, [&](const qaic::Completion& done) {
    const std::scoped_lock lock(made);
    if (!done.error && is_doubled(*raw, done.slot, static_cast<std::uint32_t>(done.user_data))) ++right;
    const std::uint32_t next = given++;
    if (next < kAll) {
      put(*raw, done.slot, counted_from(next));
      (void)raw->submit(done.slot, next);
    } else {
      (void)raw->release(done.slot);
    }
  }));
  {
    const std::scoped_lock lock(made);
    raw = &queue;
  }
  for (int i = 0; i < 4; ++i) submit_one(queue, given++);
  for (int i = 0; i < 4; ++i) (void)must(queue.acquire(60000));  // each comes back at the end
  must(queue.drain(20000));
  CHECK(right == kAll);
}

TEST_CASE("many threads submit to one queue") {
  auto device = open_device();
  auto network = load(device);
  auto queue = must(qaic::Queue::create(network, {4, 60000}));
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 20; ++i) {
        const auto slot = queue.acquire();
        if (!slot) return;
        const std::uint32_t first = 1000 * t + i;
        put(queue, *slot, counted_from(first));
        if (!queue.submit(*slot, first)) return;
        const auto done = queue.wait(*slot);
        if (!done || done->error || done->user_data != first) return;
        if (is_doubled(queue, *slot, first)) ++right;
        if (!queue.release(*slot)) return;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 8 * 20);
}

TEST_CASE("a channel too small for the depth is no error, only slower") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.doorbells = 100;  // a slice each, so that few inferences fill the queue of 512
  auto network = load(device, wanted);
  auto queue = must(qaic::Queue::create(network, {8, 60000}));
  for (std::uint32_t i = 0; i < 8; ++i) submit_one(queue, i);
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto done = must(queue.next(60000));
    REQUIRE_MESSAGE(!done.error.has_value(), done.error->what());
    CHECK(is_doubled(queue, done.slot, i));
    CHECK(8 * must(queue.stats(done.slot)).queue_elements > 511);
    put(queue, done.slot, counted_from(i + 8));
    must(queue.submit(done.slot, i + 8));
  }
  must(queue.drain(60000));
}

TEST_CASE("more slots than a channel could ever hold are a wrong call") {
  auto device = open_device();
  auto network = load(device);
  const auto queue = qaic::Queue::create(network, {32769});
  REQUIRE_FALSE(queue.has_value());
  CHECK(std::string(queue.error().id()) == "queue-depth");
  CHECK(queue.error().kind() == QAIC_ERROR_USAGE);
}

TEST_CASE("two queues of a network and one of another do not mix") {
  auto device = open_device();
  auto network = load(device);
  auto other = load(device);
  std::array queues{must(qaic::Queue::create(network, {2, 20000})),
                    must(qaic::Queue::with_event(network, {2, 20000})),
                    must(qaic::Queue::create(other, {2, 20000}))};
  for (std::uint32_t round = 0; round < 10; ++round) {
    for (std::uint32_t q = 0; q < 3; ++q) {
      for (std::uint32_t i = 0; i < 2; ++i) submit_one(queues.at(q), 1000 * q + 10 * round + i);
    }
    for (std::uint32_t q = 3; q-- > 0;) {
      for (std::uint32_t i = 0; i < 2; ++i) {
        const auto done = must(queues.at(q).next(20000));
        CHECK(is_doubled(queues.at(q), done.slot, 1000 * q + 10 * round + i));
        must(queues.at(q).release(done.slot));
      }
    }
  }
}

TEST_CASE("a network that hangs ends at the deadline, and only it does") {
  auto device = open_device();
  {
    auto network = load(device);
    auto healthy = load(device);
    auto queue = must(qaic::Queue::with_event(network, {4, 200}));
    auto beside = must(qaic::Queue::create(healthy, {2, 20000}));
    for (const std::uint32_t first : {kHang, 1U, 2U}) submit_one(queue, first);
    submit_one(beside, 5);
    for (const std::uint32_t first : {kHang, 1U, 2U}) {
      const auto done = must(queue.next(20000));
      CHECK(done.user_data == first);
      REQUIRE(done.error.has_value());
      CHECK(done.error->kind() == QAIC_ERROR_DEADLINE);
      CHECK(std::string(done.error->id()) == "inference-deadline");
      CHECK(std::string(queue.submit(done.slot, 0).error().id()) == "queue-late");
      must(queue.release(done.slot));
    }
    const auto done = must(beside.next(20000));
    CHECK(is_doubled(beside, done.slot, 5));
    CHECK(queue.acquire(0).has_value());  // the one that was never used
    CHECK(std::string(queue.acquire(5).error().id()) == "queue-slots");
  }
  CHECK(free_nsps(device) == 4);
}

TEST_CASE("unloading does not wait for an inference that hangs, whose completion says what happened") {
  auto device = open_device();
  auto network = load(device);
  auto queue = must(qaic::Queue::with_event(network, {2, QAIC_FOREVER}));
  submit_one(queue, kHang);
  submit_one(queue, 1);
  const auto start = Clock::now();
  must(network.unload());
  CHECK(Clock::now() - start < std::chrono::seconds(10));
  for (int i = 0; i < 2; ++i) {
    const auto done = must(queue.next(20000));
    REQUIRE(done.error.has_value());
    CHECK(done.error->kind() == QAIC_ERROR_DEVICE);
    CHECK(std::string(done.error->id()) == "channel-lost");
    CHECK(std::string(queue.submit(done.slot, 0).error().id()) == "channel-lost");
  }
  CHECK(free_nsps(device) == 4);
}

TEST_CASE("a network that crashes ends what is in flight, and only that") {
  auto device = open_device();
  {
    auto network = load(device);
    auto healthy = load(device);
    auto queue = must(qaic::Queue::create(network, {4, 20000}));
    auto beside = must(qaic::Queue::create(healthy, {2, 20000}));
    submit_one(queue, kCrash);
    int submitted = 1;
    for (const std::uint32_t first : {1U, 2U}) {
      const auto slot = must(queue.acquire(0));
      put(queue, slot, counted_from(first));
      const auto done = queue.submit(slot, first);
      submitted += done ? 1 : 0;
      if (!done) CHECK(std::string(done.error().id()) == "channel-lost");  // the crash was quicker
    }
    submit_one(beside, 5);
    std::optional<qaic::Completion> last;
    for (int i = 0; i < submitted; ++i) last = must(queue.next(20000));
    // The driver drops the status of a failed transfer (kernel-interface §10 nr
    // 2): those that were in flight may seem to have succeeded.
    if (last->error) CHECK(std::string(last->error->id()) == "channel-lost");
    const auto done = must(beside.next(20000));
    CHECK(is_doubled(beside, done.slot, 5));
    CHECK_FALSE(network.unload().has_value());
  }
  CHECK(free_nsps(device) == 4);
}

TEST_CASE("a queue may be freed with work in flight") {
  auto device = open_device();
  auto network = load(device);
  for (int round = 0; round < 5; ++round) {
    auto silent = must(qaic::Queue::create(network, {2, 20000}));
    auto event = must(qaic::Queue::with_event(network, {2, 20000}));
    submit_one(silent, 1);
    submit_one(event, 2);
  }
  std::vector<std::string> ends;
  {
    auto queue = must(qaic::Queue::with_callback(network, {2, 20000}, [&](const qaic::Completion& done) {
      ends.emplace_back(done.error ? done.error->id() : "done");
    }));
    submit_one(queue, kHang);
    submit_one(queue, 3);
  }
  CHECK(ends == std::vector<std::string>(2, "queue-closed"));
}

TEST_CASE("a process killed with work in flight leaves nothing on the card") {
  auto device = open_device();
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = open_device();
    auto network = load(own);
    auto queue = must(qaic::Queue::with_event(network, {8, QAIC_FOREVER}));
    for (const std::uint32_t first : {1U, kHang, 2U, 3U}) submit_one(queue, first);
    if (queue.next().has_value() && ::write(pipe[1], "!", 1) == 1) ::pause();
    ::_exit(1);
  }
  ::close(pipe[1]);
  char ready = 0;
  CHECK(::read(pipe[0], &ready, 1) == 1);
  ::close(pipe[0]);
  CHECK(free_nsps(device) == 3);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  const auto limit = Clock::now() + std::chrono::seconds(20);
  while (free_nsps(device) != 4 && Clock::now() < limit) std::this_thread::yield();
  CHECK(free_nsps(device) == 4);
}

TEST_CASE("a reset of the card ends everything in flight, and the queue with it") {
  auto device = open_device();
  for (const bool with_event : {false, true}) {
    auto network = load(device);
    auto queue = must(with_event ? qaic::Queue::with_event(network, {4, QAIC_FOREVER})
                                 : qaic::Queue::create(network, {4, QAIC_FOREVER}));
    for (const std::uint32_t first : {kHang, 1U, 2U}) submit_one(queue, first);
    std::thread reset([] { std::ofstream("/sys/bus/mhi/devices/mhi0/soc_reset") << "1\n"; });
    for (int i = 0; i < 3; ++i) {
      const auto done = must(queue.next(20000));
      REQUIRE(done.error.has_value());
      const std::string id = done.error->id();
      CHECK_MESSAGE((id == "channel-lost" || id == "device-offline"), id);
      CHECK_FALSE(queue.submit(done.slot, 0).has_value());
    }
    reset.join();
    const auto limit = Clock::now() + std::chrono::seconds(20);
    while (!device.status().has_value() && Clock::now() < limit) std::this_thread::yield();
    CHECK(free_nsps(device) == 4);
    CHECK_FALSE(network.unload().has_value());  // before the numbers of what was lost are given out again
  }
}
