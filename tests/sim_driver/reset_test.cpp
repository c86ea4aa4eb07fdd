#include <doctest/doctest.h>

#include <cerrno>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

namespace {

using Events = std::vector<std::string>;

Parameters slow_boot() {
  Parameters parameters;
  parameters.boot_time = std::chrono::seconds(2);
  return parameters;
}

// "accel offline", "mhi change DISABLE" …
Events events_of(Bench& bench) {
  Events out;
  for (const auto& event : bench.driver.take_uevents()) {
    std::string line = event.device == Uevent::Device::accel ? "accel " : "mhi ";
    line += event.action;
    for (const auto& [name, value] : event.environment) line += " " + value;
    out.push_back(line);
  }
  return out;
}

const Events kBooted{"mhi change SECONDARY BOOTLOADER", "mhi change MISSION MODE", "accel online"};

Events operator+(Events a, const Events& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("a reset ends everything under way with the errno of the driver") {
  for (const bool pci : {false, true}) {
    CAPTURE(pci);
    auto bench = Bench::opened(slow_boot());
    const auto handle = bench->bo(0x2000);
    REQUIRE(bench->activate(3, 8) == 0);
    REQUIRE(bench->attach(handle, 3, {slice_of(16)}) == 0);
    REQUIRE(bench->execute(3, {handle}) == 0);
    REQUIRE(bench->start_wait(handle, 3) == std::nullopt);
    const CallId waiting = bench->last_call;
    REQUIRE(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
    const CallId managing = bench->last_call;
    REQUIRE(bench->manage(activation(8), 1) == Bench::kSleeps);
    const CallId activating = bench->last_call;
    (void)bench->driver.take_uevents();

    pci ? bench->driver.reset_pci() : bench->driver.reset_soc();
    CHECK(bench->ended_with(waiting) == -EPERM);
    CHECK(bench->ended_with(managing) == -EIO);
    CHECK(bench->ended_with(activating) == -EIO);
    CHECK(bench->script.resets == 1);
    CHECK(bench->driver.mapped_ranges() == 0);
    // The PCI path tells twice (kernel-interface §10, 11).
    const Events down = pci ? Events{"accel offline", "accel offline"} : Events{"accel offline"};
    CHECK(events_of(*bench) == down + Events{"mhi change DISABLE"});
    CHECK_FALSE(bench->driver.online());

    // Nobody gets through until it is back.
    OpenFile other{};
    CHECK(bench->driver.open(bench->node, other) == -ENODEV);
    CHECK(bench->bo(4096) == 0);
    CHECK(bench->manage(passthrough({13, 0}), 1) == -ENODEV);
    CHECK(bench->execute(3, {handle}) == -ENODEV);
    CHECK(bench->wait(handle, 3) == -ENODEV);
    CHECK(bench->attach(handle, 3, {slice_of(16)}) == -ENODEV);
    CHECK(bench->detach(handle) == -ENODEV);
    DrmVersion version{};
    CHECK(bench->ioctl(kIoctlDrmVersion, version) == 0);  // the DRM core's own
    bench->pass(std::chrono::milliseconds(1999));
    CHECK_FALSE(bench->driver.online());
    bench->pass(std::chrono::milliseconds(1));
    CHECK(bench->driver.online());
    CHECK(events_of(*bench) == kBooted);

    // The same file and handle work; the channel and the slices are gone, the
    // channel's state is not (§10, 10).
    CHECK(bench->driver.dbc_state(base::DbcId{3}) == 1);
    CHECK(bench->execute(3, {handle}) == -EPERM);
    CHECK(bench->wait(handle, 3) == -EPERM);
    CHECK(bench->detach(handle) == -EINVAL);
    CHECK(bench->node.pieces.size() == 1);
    CHECK(bench->activate(3, 8) == 0);
    CHECK(bench->accel_events().empty());  // 1 it was already
    CHECK(bench->attach(handle, 3, {slice_of(16)}) == 0);
    CHECK(bench->execute(3, {handle}) == 0);
    bench->script.run(3);
    bench->deliver();
    CHECK(bench->wait(handle, 3) == 0);
    bench->driver.close(bench->file);
    CHECK_FALSE(bench->driver.is_open(bench->file));
    CHECK(bench->driver.mapped_ranges() == 0);
    CHECK(bench->node.pieces.empty());
  }
}

TEST_CASE("a late answer to a request before the reset reaches nobody") {
  auto bench = Bench::opened();
  REQUIRE(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  const auto sequence = bench->script.received.back().sequence();
  bench->driver.reset_soc();
  bench->deliver();
  REQUIRE(bench->driver.online());
  bench->script.replies.push_back(Reply(sequence).activate(0, 1).bytes());
  bench->deliver();
  CHECK(bench->ended.size() == 1);
  CHECK(bench->driver.dbc_state(base::DbcId{1}) == 0);
}

TEST_CASE("a close that waits for TERMINATE ends with the reset") {
  auto bench = Bench::opened(slow_boot());
  REQUIRE(bench->activate(0, 8) == 0);
  bench->script.answers_terminate = false;
  bench->driver.close(bench->file);
  REQUIRE(bench->driver.is_open(bench->file));
  bench->driver.reset_soc();
  CHECK_FALSE(bench->driver.is_open(bench->file));
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a file closed while the card boots sends no TERMINATE") {
  auto bench = Bench::opened(slow_boot());
  bench->driver.reset_soc();
  bench->driver.close(bench->file);
  CHECK_FALSE(bench->driver.is_open(bench->file));
  CHECK(bench->script.received.empty());
}

TEST_CASE("a request that slept for WAIT_BO callers finds the card gone") {
  auto bench = Bench::opened(slow_boot());
  const auto handle = bench->bo(4096);
  REQUIRE(bench->activate(0, 8) == 0);
  REQUIRE(bench->attach(handle, 0, {slice_of(16)}) == 0);
  REQUIRE(bench->execute(0, {handle}) == 0);
  REQUIRE(bench->start_wait(handle, 0) == std::nullopt);
  REQUIRE(bench->manage(passthrough({11, 0}) + deactivation(0), 2) == Bench::kSleeps);
  const CallId managing = bench->last_call;
  bench->driver.reset_soc();
  CHECK(bench->ended_with(managing) == -EIO);
}

TEST_CASE("a channel that only a reset can free is free after one") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(2, 8) == 0);
  REQUIRE(bench->manage(passthrough({11, 0}) + deactivation(2), 2) == Bench::kSleeps);
  bench->driver.interrupt(bench->last_call);
  bench->driver.close(bench->file);  // §10, 8: in use for ever
  REQUIRE(bench->driver.open(bench->node, bench->file) == 0);
  CHECK(bench->activate(2, 8) == Bench::kSleeps);
  bench->driver.interrupt(bench->last_call);
  bench->driver.reset_soc();
  bench->deliver();
  CHECK(bench->activate(2, 8) == 0);
}

TEST_CASE("resets in a row announce each, and boot once") {
  auto bench = Bench::opened(slow_boot());
  (void)bench->driver.take_uevents();
  bench->driver.reset_soc();
  bench->pass(std::chrono::milliseconds(1500));
  bench->driver.reset_soc();
  bench->pass(std::chrono::milliseconds(1500));
  CHECK_FALSE(bench->driver.online());
  bench->pass(std::chrono::milliseconds(500));
  CHECK(bench->driver.online());
  const Events down{"accel offline", "mhi change DISABLE"};
  CHECK(events_of(*bench) == down + down + kBooted);
}

TEST_CASE("a removed device is dead to its files, and alive again to others") {
  auto bench = Bench::opened(slow_boot());
  const auto handle = bench->bo(4096);
  MmapBo mmap{handle, 0, 0};
  REQUIRE(bench->ioctl(kIoctlMmapBo, mmap) == 0);
  REQUIRE(bench->activate(5, 8) == 0);
  REQUIRE(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  const CallId managing = bench->last_call;
  bench->driver.remove();
  CHECK(bench->ended_with(managing) == -EIO);
  CHECK_FALSE(bench->driver.bound());
  CHECK_FALSE(bench->driver.next_deadline());
  bench->driver.reset_soc();  // nothing there
  CHECK_FALSE(bench->driver.next_deadline());
  DrmVersion version{};
  CHECK(bench->ioctl(kIoctlMmapBo, mmap) == -ENODEV);
  CHECK(bench->manage(passthrough({13, 0}), 1) == -ENODEV);
  wire::uapi::Wait wait{handle, 100, 5, 0};
  CHECK(bench->ioctl(kIoctlWaitBo, wait) == -ENODEV);
  CHECK(bench->ioctl(kIoctlDrmVersion, version) == 0);  // the core's own
  CHECK(bench->driver.check_mmap(bench->file, mmap.offset, 4096) == 0);
  CHECK(bench->gem_close(handle) == 0);

  bench->driver.probe();
  CHECK(bench->driver.online());
  CHECK(bench->driver.dbc_state(base::DbcId{5}) == 0);
  CHECK(bench->ioctl(kIoctlMmapBo, mmap) == -ENODEV);
  OpenFile fresh{};
  CHECK(bench->driver.open(bench->node, fresh) == 0);
  CHECK(bench->ioctl(fresh, kIoctlDrmVersion, version) == 0);
  bench->script.received.clear();
  bench->driver.close(bench->file);
  CHECK(bench->script.received.empty());  // its user is of the device that went
  CHECK(bench->node.pieces.empty());
}
