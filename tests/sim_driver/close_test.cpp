#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"
#include "tests/wire/hex.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

TEST_CASE("close sends TERMINATE and gives everything back when it is answered") {
  auto bench = Bench::opened();
  OpenFile second{};
  CHECK(bench->driver.open(bench->node, second) == 0);
  CHECK(bench->activate(0, 8, second) == 0);
  const auto handle = bench->bo(4096, second);
  CHECK(bench->attach(handle, 0, {slice_of(16)}, 1, second) == 0);
  CHECK(bench->execute(0, {handle}, second) == 0);
  CHECK(bench->bo(4096, second) == 2);
  bench->script.answers_terminate = false;
  bench->script.received.clear();
  bench->driver.close(second);
  REQUIRE(bench->script.received.size() == 1);
  // Partition 0 and the handle twice; sequence 2 follows STATUS and activation.
  CHECK(tests::hex_of(bench->script.received[0].bytes) ==
        tests::packed("00000000 51414943 02000000 30000000 01000000 01000000 00000000 00000000"
                      "11000000 10000000 01000000 00000000"));
  CHECK(bench->driver.is_open(second));
  CHECK(bench->node.pieces.size() == 1);  // the unsliced one is gone, the card may still use the other
  CHECK(bench->driver.mapped_ranges() == 2);
  // Meanwhile others live on, under other user handles.
  OpenFile third{};
  CHECK(bench->driver.open(bench->node, third) == 0);
  CHECK(bench->manage(passthrough({13, 0}), 1, third) == Bench::kSleeps);
  CHECK(bench->script.received.back().header.handle == 2u);

  bench->script.replies.push_back(Reply(bench->script.received[0].sequence()).terminate().bytes());
  bench->deliver();
  CHECK_FALSE(bench->driver.is_open(second));
  CHECK(bench->node.pieces.empty());
  CHECK(bench->driver.mapped_ranges() == 0);
  OpenFile fourth{};
  CHECK(bench->driver.open(bench->node, fourth) == 0);
  CHECK(bench->manage(passthrough({13, 0}), 1, fourth) == Bench::kSleeps);
  CHECK(bench->script.received.back().header.handle == 1u);
}

TEST_CASE("a card that never answers TERMINATE holds a close for the module's timeout") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  bench->script.answers_terminate = false;
  bench->driver.close(bench->file);
  CHECK(bench->driver.next_deadline() == std::chrono::seconds(61));
  bench->pass(std::chrono::seconds(59));
  CHECK(bench->driver.is_open(bench->file));
  bench->pass(std::chrono::seconds(1));
  CHECK_FALSE(bench->driver.is_open(bench->file));
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("close waits for calls that still sleep on the file") {
  auto bench = Bench::opened();
  CHECK(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  const CallId sleeping = bench->last_call;
  const auto sequence = bench->script.received.back().sequence();
  bench->driver.close(bench->file);
  CHECK(bench->driver.is_open(bench->file));
  CHECK(bench->script.received.size() == 1);
  SUBCASE("until their answer") {
    bench->script.replies.push_back(Reply(sequence).bytes());
    bench->deliver();
    CHECK(bench->ended_with(sleeping) == 0);
  }
  SUBCASE("until they are interrupted") {
    bench->driver.interrupt(sleeping);
    CHECK(bench->ended.empty());
  }
  CHECK_FALSE(bench->driver.is_open(bench->file));
  CHECK(bench->script.received.size() == 2);
}

TEST_CASE("nothing is left after a close at any step of a program's life") {
  for (int steps = 0; steps <= 8; ++steps) {
    CAPTURE(steps);
    auto bench = Bench::opened();
    std::uint32_t handle = 0;
    if (steps >= 1) handle = bench->bo(0x3000);
    if (steps >= 2) CHECK(bench->activate(0, 8) == 0);
    if (steps >= 3) CHECK(bench->attach(handle, 0, {slice_of(16), slice_of(16, 64)}) == 0);
    if (steps >= 4) CHECK(bench->execute(0, {handle}) == 0);
    if (steps >= 5) CHECK(bench->start_wait(handle, 0) == std::nullopt);
    const CallId waiting = bench->last_call;
    if (steps >= 6) CHECK(bench->gem_close(handle) == 0);
    if (steps >= 7) bench->script.respond(0, 0);
    if (steps >= 8) CHECK(bench->manage(passthrough({11, 0}) + deactivation(0), 2) == Bench::kSleeps);
    const CallId managing = bench->last_call;
    if (steps >= 5) bench->driver.interrupt(waiting);
    if (steps >= 8) bench->driver.interrupt(managing);
    bench->driver.close(bench->file);
    CHECK_FALSE(bench->driver.is_open(bench->file));
    CHECK(bench->driver.mapped_ranges() == 0);
    CHECK(bench->node.pieces.empty());
    CHECK_FALSE(bench->driver.next_deadline());
  }
}
