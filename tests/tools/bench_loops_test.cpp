#include <doctest/doctest.h>

#include <limits>

#include "tests/tools/bench_port.hpp"
#include "tools/qaic-run/bench/loops.hpp"

using namespace bench_test;

namespace {

constexpr std::int64_t kMs = ScriptedPort::kMs;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Plays both threads of an open loop on the scripted clock: an arrival goes
// first when it comes before the next end, and buffers are free.
void play(OpenLoop& loop, ScriptedPort& port, Arrivals arrivals, std::size_t depth) {
  std::size_t in_flight = 0;
  bool arriving = true;
  std::int64_t next = arrivals.next();
  for (;;) {
    const auto end = port.next_end();
    if (arriving && in_flight < depth && (!end || next <= *end)) {
      arriving = loop.submit_next();
      if (arriving) ++in_flight;
      next = arrivals.next();
    } else if (in_flight > 0) {
      REQUIRE(loop.reap_next());
      --in_flight;
    } else {
      break;
    }
  }
  CHECK_FALSE(loop.reap_next());
}

}  // namespace

TEST_CASE("a closed loop keeps its depth in flight, and latency grows with it, not throughput") {
  for (const std::size_t depth : {1U, 2U, 8U}) {
    ScriptedPort port;
    Recorder recorder(100 * kMs, 1100 * kMs, 50 * kMs);
    const auto end = closed_loop(port, recorder, depth, 0);
    CHECK(!end.error);
    CHECK(end.depth == depth);
    CHECK(recorder.in_time() == 1000);
    CHECK(recorder.series().total().quantile(0.5) ==
          doctest::Approx(static_cast<double>(depth * kMs)).epsilon(0.005));
  }
}

TEST_CASE("a counted closed loop measures exactly so many, after its warm-up") {
  for (const std::size_t depth : {1U, 3U, 40U}) {
    ScriptedPort port;
    Recorder recorder(20 * kMs, kNever, kMs);
    const auto end = closed_loop(port, recorder, depth, 25);
    CHECK(!end.error);
    CHECK(recorder.recorded() == 25);
    CHECK(recorder.end() < kNever);
    CHECK(recorder.in_time() == 25);
  }
}

TEST_CASE("a queue that is too short bounds the depth of a closed loop") {
  ScriptedPort port;
  port.queue_holds = 3;
  Recorder recorder(0, 100 * kMs, 10 * kMs);
  const auto end = closed_loop(port, recorder, 8, 0);
  CHECK(!end.error);
  CHECK(end.depth == 3);
  CHECK(recorder.recorded() > 90);
}

TEST_CASE("a queue that drains while the loop fills it never fails the loop") {
  ScriptedPort port;
  port.queue_holds = 8;
  port.submit_takes = 400'000;  // while filling, the card is done with two of five
  Recorder recorder(50 * kMs, 1050 * kMs, 50 * kMs);
  const auto end = closed_loop(port, recorder, 128, 0);
  CHECK(!end.error);
  CHECK(recorder.in_time() == 1000);
  CHECK(end.depth >= 8);
  CHECK(end.depth <= 9);  // one may be done and not waited for yet
}

TEST_CASE("what is in flight when the warm-up ends counts for throughput, in each window") {
  // 100 ms and eight at once: eight end together every 100 ms.
  ScriptedPort port;
  port.service = [](int) { return 100 * kMs; };
  port.at_once = 8;
  Recorder recorder(450 * kMs, 1450 * kMs, 100 * kMs);
  CHECK(!closed_loop(port, recorder, 8, 0).error);
  CHECK(recorder.in_time() == 80);
  for (std::size_t i = 0; i < 10; ++i) CHECK(recorder.series().ended()[i] == 8);
}

TEST_CASE("a counted run lasts from one end to another") {
  ScriptedPort port;
  port.service = [](int) { return 100 * kMs; };
  port.at_once = 8;
  Recorder recorder(450 * kMs, kNever, kMs);
  CHECK(!closed_loop(port, recorder, 8, 20).error);
  CHECK(recorder.recorded() == 20);
  CHECK(recorder.in_time() == 20);
  CHECK(recorder.begin() == 400 * kMs);
  CHECK(recorder.end() == 700 * kMs + 1);
  // More in flight than are wanted.
  Recorder few(1'000 * kMs + 50 * kMs, kNever, kMs);
  CHECK(!closed_loop(port, few, 8, 3).error);
  CHECK(few.recorded() == 3);
}

TEST_CASE("an open loop's throughput is what ends, its latencies those of what should start") {
  ScriptedPort port;
  port.service = [](int) { return 90 * kMs; };
  port.at_once = 64;
  Recorder recorder(100 * kMs, 1100 * kMs, 100 * kMs);
  const Arrivals arrivals(ArrivalKind::constant, 100, 0, 1, 1);
  OpenLoop loop(port, recorder, arrivals, 0, 64, 0);
  play(loop, port, arrivals, 64);
  CHECK(recorder.recorded() == 100);
  CHECK(recorder.in_time() == 100);
  for (std::size_t i = 0; i < 10; ++i) CHECK(recorder.series().ended()[i] == 10);
}

TEST_CASE("errors end a closed loop with what was measured until then") {
  ScriptedPort port;
  port.failing_wait = 50;
  Recorder recorder(0, 1000 * kMs, 10 * kMs);
  const auto end = closed_loop(port, recorder, 2, 0);
  REQUIRE(end.error);
  CHECK(std::string(end.error->id()) == "inference-deadline");
  CHECK(recorder.recorded() == 50);
  ScriptedPort full;
  full.queue_holds = 0;
  Recorder nothing(0, 1000 * kMs, 10 * kMs);
  const auto refused = closed_loop(full, nothing, 2, 0);
  REQUIRE(refused.error);
  CHECK(std::string(refused.error->id()) == "queue-full");
}

TEST_CASE("an interrupted closed loop keeps what it measured and says when it ended") {
  ScriptedPort port;
  port.interrupt_at = 200 * kMs;
  Recorder recorder(0, 1000 * kMs, 10 * kMs);
  const auto end = closed_loop(port, recorder, 1, 0);
  CHECK(!end.error);
  CHECK(recorder.recorded() == 200);
  CHECK(recorder.end() <= 201 * kMs);
}

TEST_CASE("an open loop counts the wait behind a stall, which a closed loop omits") {
  // 1 ms each, 500 per second, one stall of 100 ms: the 50 arrivals meanwhile
  // cannot start in time, and the backlog melts at 1 ms per inference.
  const auto stalling = [](int n) { return n == 250 ? 100 * kMs : kMs; };
  ScriptedPort port;
  port.service = stalling;
  Recorder recorder(0, 1000 * kMs, 50 * kMs);
  const Arrivals arrivals(ArrivalKind::constant, 500, 0, 1, 1);
  OpenLoop loop(port, recorder, arrivals, 0, 4, 0);
  play(loop, port, arrivals, 4);
  const auto open = recorder.series().total();
  CHECK(open.count() == 500);
  // Of 500: the stall itself and about 99 that wait between 0 and 99 ms.
  CHECK(open.quantile(0.99) > 90.0 * kMs);
  CHECK(open.quantile(0.90) == doctest::Approx(50.0 * kMs).epsilon(0.05));
  CHECK(open.quantile(0.75) == doctest::Approx(1.0 * kMs).epsilon(0.01));
  CHECK(open.quantile(1) == doctest::Approx(100.0 * kMs).epsilon(0.01));
  CHECK(loop.run().depth == 4);

  ScriptedPort same;
  same.service = stalling;
  Recorder closed(0, 1000 * kMs, 50 * kMs);
  (void)closed_loop(same, closed, 1, 0);
  CHECK(closed.series().total().quantile(0.99) == doctest::Approx(1.0 * kMs).epsilon(0.01));
}

TEST_CASE("an open loop that is asked for too much says how many could not start") {
  ScriptedPort port;
  Recorder recorder(0, 1000 * kMs, 50 * kMs);
  const Arrivals arrivals(ArrivalKind::constant, 2000, 0, 1, 1);
  OpenLoop loop(port, recorder, arrivals, 0, 8, 0);
  play(loop, port, arrivals, 8);
  const auto end = loop.run();
  CHECK(recorder.recorded() == doctest::Approx(1000).epsilon(0.02));
  CHECK(recorder.recorded() + end.unserved == 2000);
  // The last that started should have done so in the middle of the run; of those
  // that could not, the first had waited as long.
  const auto all = recorder.series().total();
  CHECK(all.count() == 2000);
  CHECK(all.quantile(1) > 480.0 * kMs);
  CHECK(all.quantile(0.5) == doctest::Approx(250.0 * kMs).epsilon(0.03));
  CHECK(recorder.series().windows()[19].count() == doctest::Approx(150).epsilon(0.1));
  CHECK(recorder.series().ended()[19] == 50);
}

TEST_CASE("a stall at the end of an open loop shows in its quantiles") {
  // 100 per second, 5 ms each; the one that starts 40 ms before the end takes 2 s.
  ScriptedPort port;
  port.service = [](int n) { return n == 396 ? 2000 * kMs : 5 * kMs; };
  Recorder recorder(0, 4000 * kMs, 200 * kMs);
  OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 100, 0, 1, 1), 0, 1, 0);
  while (loop.submit_next()) REQUIRE(loop.reap_next());
  const auto end = loop.run();
  CHECK(recorder.recorded() == 397);
  CHECK(end.unserved == 3);
  const auto all = recorder.series().total();
  CHECK(all.count() == 400);
  CHECK(all.quantile(0.99) == doctest::Approx(5.0 * kMs).epsilon(0.01));
  CHECK(all.quantile(0.9926) > 1900.0 * kMs);
}

TEST_CASE("what a warm-up could not start is left out, not queued before what is measured") {
  ScriptedPort port;
  Recorder recorder(100 * kMs, 200 * kMs, 5 * kMs);
  const Arrivals arrivals(ArrivalKind::constant, 100'000, 0, 1, 1);
  OpenLoop loop(port, recorder, arrivals, 0, 1, 0);
  while (loop.submit_next()) REQUIRE(loop.reap_next());
  CHECK(recorder.recorded() > 95);
  CHECK(recorder.series().total().smallest() < 2 * kMs);
}

TEST_CASE("both threads of an open loop end together: by time, count, error or interruption") {
  ScriptedPort port;  // its clock is shared, so times mean nothing here; only ends do
  SUBCASE("too much asked for: the rest of the arrivals is counted") {
    Recorder recorder(0, 100 * kMs, 5 * kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 10'000, 0, 1, 1), 0, 1, 0);
    std::size_t submitted = 0;
    while (loop.submit_next()) {
      ++submitted;
      REQUIRE(loop.reap_next());
    }
    const auto end = loop.run();
    CHECK(!end.error);
    CHECK(submitted < 105);
    CHECK(submitted + end.unserved == 1000);
  }
  SUBCASE("count") {
    Recorder recorder(10 * kMs, kNever, kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::poisson, 500, 0, 1, 1), 0, 4, 30);
    while (loop.submit_next()) REQUIRE(loop.reap_next());
    const auto end = loop.run();
    CHECK(!end.error);
    CHECK(end.depth == 1);
    CHECK(recorder.recorded() == 30);
    CHECK(recorder.end() < kNever);
  }
  SUBCASE("a wait that fails stops the submissions") {
    port.failing_wait = 3;
    Recorder recorder(0, 1000 * kMs, 10 * kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 500, 0, 1, 1), 0, 1, 0);
    while (loop.submit_next()) {
      if (!loop.reap_next()) break;
    }
    const std::int64_t failed_at = port.clock;
    CHECK_FALSE(loop.submit_next());
    CHECK(port.clock == failed_at);  // it does not sleep until the next arrival
    CHECK(recorder.recorded() == 3);
  }
  SUBCASE("a submission that fails is the error of the loop") {
    port.queue_holds = 0;
    Recorder recorder(0, 1000 * kMs, 10 * kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 500, 0, 1, 1), 0, 4, 0);
    const auto end = loop.run();
    REQUIRE(end.error);
    CHECK(std::string(end.error->id()) == "queue-full");
  }
  SUBCASE("interruption") {
    port.interrupt_at = 20 * kMs;
    Recorder recorder(0, 1000 * kMs, 10 * kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 500, 0, 1, 1), 0, 1, 0);
    while (loop.submit_next()) REQUIRE(loop.reap_next());
    CHECK(!loop.run().error);
    CHECK(recorder.recorded() == 10);
    CHECK(recorder.end() < 30 * kMs);
  }
  SUBCASE("interruption while one waits: it counts as that long") {
    port.service = [](int) { return 100 * kMs; };
    port.interrupt_at = 50 * kMs;
    Recorder recorder(0, 1000 * kMs, 10 * kMs);
    OpenLoop loop(port, recorder, Arrivals(ArrivalKind::constant, 500, 0, 1, 1), 0, 1, 0);
    while (loop.submit_next()) REQUIRE(loop.reap_next());
    CHECK(loop.run().unserved == 49);  // due at 2 to 98 ms
    CHECK(recorder.series().total().count() == 50);
  }
}
