// What the kernel makes of buffers that are freed, or used again, while the card
// has them, and of a channel that is not ours any more; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <fstream>
#include <qaic/qaic.hpp>
#include <string>
#include <thread>

#include "lib/uapi/ioctl.hpp"
#include "os/file.hpp"
#include "tests/lib_core/double_program.hpp"
#include "tests/support/must.hpp"
#include "wire/uapi.hpp"

namespace {

namespace uapi = qaic::wire::uapi;
using qaic::tests::DoubleProgram;
using qaic::tests::must;

constexpr std::uint32_t kLinger = 0x51;  // the network is not ready for the next for some tenths of a second

std::atomic<bool> finishes_refused{false};  // what refuse_late() is for
std::atomic<int> refusals{0};
std::atomic<int> busy{0};  // buffers that could not be detached

long call(int fd, unsigned long request, void* argument) {
  return ::syscall(SYS_ioctl, fd, request, argument);
}

// The card is done with all buffers of the call by the time its caller hears that
// one was queued still.
void refuse_late(int fd, const uapi::Execute& execute) {
  uapi::ExecuteEntry last{};
  std::memcpy(&last, reinterpret_cast<const uapi::ExecuteEntry*>(execute.data) + (execute.count - 1),
              sizeof(last));
  uapi::Wait wait{last.handle, 20000, execute.dbc_id, 0};
  CHECK(call(fd, uapi::kIoctlWaitBo, &wait) == 0);
  ++refusals;
}

std::string node() {
  return must(qaic::Inventory::read()).cards().at(0).node;
}

qaic::Network load(qaic::Device& device, const DoubleProgram& wanted = {}) {
  const auto bytes = qaic::tests::build(wanted);
  const auto program = must(qaic::Program::from_bytes(bytes));
  return must(qaic::Network::load(device, program));
}

void submit(qaic::Inference& inference, std::uint32_t first) {
  std::memcpy(inference.tensor(0).data(), &first, sizeof(first));
  must(inference.submit());
}

// Where the card's next buffer would lie, behind or between those that there are.
std::uint64_t next_place() {
  const auto fd = qaic::os::open_file(node(), qaic::os::OpenMode::read_write);
  REQUIRE(fd.has_value());
  const auto bo = qaic::uapi::create_bo(fd->get(), 4096);
  REQUIRE(bo.has_value());
  return qaic::uapi::mmap_offset(fd->get(), *bo).value();
}

// Frees two, of which the card has buffers.
void free_in_flight(qaic::Network& network) {
  busy = 0;
  {
    auto first = must(qaic::Inference::create(network));
    auto freed = must(qaic::Inference::create(network));
    submit(first, kLinger);
    submit(freed, 1);
  }
  REQUIRE(busy != 0);
}

}  // namespace

// The definition of an executable comes before that of its libraries.
extern "C" __attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  const auto result = static_cast<int>(call(fd, request, argument));
  if (result < 0 && errno == EINVAL && request == uapi::kIoctlExecuteBo && finishes_refused) {
    refuse_late(fd, *static_cast<const uapi::Execute*>(argument));
    errno = EINVAL;
  }
  if (result < 0 && errno == EBUSY && request == uapi::kIoctlDetachSliceBo) ++busy;
  return result;
}

TEST_CASE("what is freed in flight is given back once the card is done with it") {
  auto device = must(qaic::Device::open(node()));
  auto network = load(device);
  const auto before = next_place();
  for (int round = 0; round < 3; ++round) {
    free_in_flight(network);
    auto behind = must(qaic::Inference::create(network));
    submit(behind, 2);
    must(behind.wait(20000));
  }
  { auto again = must(qaic::Inference::create(network)); }
  CHECK(next_place() == before);
}

TEST_CASE("what was freed in flight is given back with its network at the latest") {
  auto device = must(qaic::Device::open(node()));
  const auto before = next_place();
  {
    auto network = load(device);
    free_in_flight(network);
  }
  CHECK(next_place() == before);
}

TEST_CASE("what was queued behind the outputs and is done meanwhile goes out again at once") {
  auto device = must(qaic::Device::open(node()));
  DoubleProgram wanted;
  wanted.trailing = true;
  auto network = load(device, wanted);
  auto inference = must(qaic::Inference::create(network));
  submit(inference, kLinger);
  must(inference.wait(20000));
  finishes_refused = true;
  CHECK(inference.submit().has_value());
  finishes_refused = false;
  CHECK(refusals == 1);
  must(inference.wait(20000));
}

TEST_CASE("buffers for a network that a reset took away say that it is lost") {
  auto device = must(qaic::Device::open(node()));
  auto network = load(device);
  std::ofstream("/sys/bus/mhi/devices/mhi0/soc_reset") << "1\n";
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!device.status().has_value() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  const auto inference = qaic::Inference::create(network);
  REQUIRE_FALSE(inference.has_value());
  CHECK(std::string(inference.error().id()) == "channel-lost");
  CHECK(inference.error().kind() == QAIC_ERROR_DEVICE);
  CHECK(std::string(inference.error().hint()) == "load the network again");
  CHECK_FALSE(network.unload().has_value());
}
