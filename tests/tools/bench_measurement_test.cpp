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
