#include <doctest/doctest.h>

#include <string>

#include "tests/tools/bench_port.hpp"
#include "tools/qaic-run/bench/measurement.hpp"

using namespace bench_test;

namespace {

constexpr std::int64_t kMs = ScriptedPort::kMs;

Measurement measured(ScriptedPort& port, const Load& load, const Extent& extent) {
  return measure({&port}, load, extent, {});
}

}  // namespace

TEST_CASE("a measurement counts what ended in its time, lane and windows alike") {
  ScriptedPort port;
  const auto result = measured(port, {8, std::nullopt, {}}, {100 * kMs, 1000 * kMs, 0, 1});
  CHECK(!result.nothing());
  CHECK(result.completed == 1000);
  CHECK(result.per_second == doctest::Approx(1000));
  CHECK(result.inferences == 1000 + 8);
  CHECK(result.depth_reached == 8);
  CHECK(!result.queue_full);
  CHECK(result.stability.verdict == Stability::Verdict::stable);
}

TEST_CASE("an activation that fails ends the measurement of all, and is named") {
  for (const bool open : {false, true}) {
    ScriptedPort good, bad;
    bad.failing_wait = 50;
    Load load;
    if (open) load.rate = 1000;
    // On its own clock the good one would go on for more than two hours.
    const auto result = measure({&good, &bad}, load, {0, 10'000'000 * kMs, 0, 1}, {});
    REQUIRE(result.error);
    CHECK(std::string(result.error->id()) == "inference-deadline");
    CHECK(result.error_lane == 1);
    CHECK(!result.complete);
    CHECK(result.lanes[1].inferences == 50);
    CHECK(good.clock < 9'000'000 * kMs);
  }
}

TEST_CASE("an interrupted measurement is incomplete, an ended one is not") {
  ScriptedPort port;
  CHECK(measured(port, {1, std::nullopt, {}}, {0, 100 * kMs, 0, 1}).complete);
  port.interrupt_at = port.clock + 50 * kMs;
  const auto cut = measured(port, {1, std::nullopt, {}}, {0, 100 * kMs, 0, 1});
  CHECK(!cut.complete);
  CHECK(cut.completed == 50);
}

TEST_CASE("a card that ends all in flight at once, always after the same time, is stable") {
  ScriptedPort port;
  port.service = [](int) { return 100 * kMs; };
  port.at_once = 8;
  const auto result = measured(port, {8, std::nullopt, {}}, {500 * kMs, 5000 * kMs, 0, 1});
  CHECK(result.stability.verdict == Stability::Verdict::stable);
  CHECK(result.per_second == doctest::Approx(80));
}

TEST_CASE("a counted measurement is judged while all lanes are at work") {
  ScriptedPort fast, slow;
  slow.service = [](int) { return 4 * kMs; };
  const auto result = measure({&fast, &slow}, {}, {0, 0, 4000, 1}, {});
  CHECK(result.inferences == 4000);
  CHECK(result.lanes[0].measured_ns == doctest::Approx(2000.0 * kMs).epsilon(0.01));
  CHECK(result.lanes[1].measured_ns == doctest::Approx(8000.0 * kMs).epsilon(0.01));
  CHECK(result.per_second == doctest::Approx(1250).epsilon(0.01));
  CHECK(result.stability.verdict == Stability::Verdict::stable);
}

TEST_CASE("a measurement in which nothing ended is none, whatever ended afterwards") {
  ScriptedPort port;
  port.service = [](int) { return 700 * kMs; };
  const auto closed = measured(port, {1, std::nullopt, {}}, {500 * kMs, 100 * kMs, 0, 1});
  CHECK(closed.completed == 0);
  CHECK(closed.nothing());
  ScriptedPort idle;
  CHECK(measured(idle, {1, 0.1, {}}, {0, 400 * kMs, 0, 1}).inferences == 1);
  CHECK(measured(idle, {1, 0.1, {}}, {100 * kMs, 400 * kMs, 0, 1}).nothing());
}
