#include <doctest/doctest.h>

#include "tests/tools/bench_port.hpp"
#include "tools/qaic-run/bench/attribution.hpp"
#include "tools/qaic-run/bench/loops.hpp"

using namespace bench_test;

namespace {

constexpr std::int64_t kUs = 1000;

TailAttribution measured(ScriptedPort& port, std::size_t depth, double* per_second = nullptr) {
  Recorder recorder(10'000 * kUs, 2'010'000 * kUs, 100'000 * kUs);
  REQUIRE(!closed_loop(port, recorder, depth, 0).error);
  if (per_second != nullptr) *per_second = static_cast<double>(recorder.in_time()) / 2;
  return attribute({&recorder.sampler()}, recorder.series().total());
}

}  // namespace

TEST_CASE("the stages of one inference add up to its latency") {
  // Intended at 0, buffers free at 100 µs, submitted from 130 to 150, the card
  // told at 140 and done at 1140, its predecessor seen done at 400, seen at 1200.
  const Timing timing{0, 100 * kUs, 130 * kUs, 150 * kUs, 1200 * kUs, 400 * kUs};
  const Stages stages = stages_of(timing, {3, 10, 1000});
  CHECK(stages.host_ns == 30'000 + 20'000);
  CHECK(stages.queue_ns == 100'000 + 250'000);
  CHECK(stages.device_ns == 750'000);
  CHECK(stages.wake_up_ns == 50'000);
  CHECK(stages.total_ns() == 1'200'000);
  CHECK(stages.queue_level == 3);
  // An empty queue: the program only saw late that the other one was done.
  const Stages alone = stages_of(timing, {0, 10, 1000});
  CHECK(alone.queue_ns == 100'000);
  CHECK(alone.device_ns == 1'000'000);
}

TEST_CASE("no stage is negative, whatever the driver says") {
  for (const std::uint32_t device_us : {0U, 1U, 50U, 4'000'000'000U}) {
    for (const std::int64_t previous : {0, 5, 90, 500}) {
      const Timing timing{10 * kUs, 0, 20 * kUs, 40 * kUs, 90 * kUs, previous * kUs};
      const Stages stages = stages_of(timing, {0, 7, device_us});
      CHECK(stages.host_ns >= 0);
      CHECK(stages.queue_ns >= 0);
      CHECK(stages.device_ns >= 0);
      CHECK(stages.wake_up_ns >= 0);
      CHECK(stages.total_ns() == 80'000);
    }
  }
}

TEST_CASE("a slow card bounds a closed loop, and more depth is only queue") {
  ScriptedPort port;
  port.submit_takes = 20 * kUs;
  port.wake_up_takes = 30 * kUs;
  double per_second = 0;
  const auto deep = measured(port, 4, &per_second);
  REQUIRE(deep.all.samples > 20);
  CHECK(deep.all.mean.device_ns == doctest::Approx(1'000'000).epsilon(0.1));
  CHECK(deep.all.mean.queue_ns == doctest::Approx(3'000'000).epsilon(0.1));
  const auto sentence = bound_sentence(deep, {Bound::Loop::closed, 4, per_second, 0, Bound::Rate::reached});
  CHECK(sentence.starts_with("Bound by the card: it works 9"));
  CHECK(sentence.find("more depth") != std::string::npos);
}

TEST_CASE("a card that works on several at once is not told to be full") {
  ScriptedPort port;
  port.service = [](int) { return 20'000 * kUs; };
  port.at_once = 64;
  double per_second = 0;
  const auto found = measured(port, 8, &per_second);
  CHECK(per_second == doctest::Approx(400).epsilon(0.01));
  CHECK(bound_sentence(found, {Bound::Loop::closed, 8, per_second, 0, Bound::Rate::reached}) ==
        "Bound by the card: it works on 8.0 inferences at once, 20.0 ms each.");
  CHECK(
      bound_sentence(found, {Bound::Loop::open, 8, per_second, 400, Bound::Rate::reached})
          .starts_with("At this rate the card works on 8.0 inferences at once; of an inference's 20.0 ms, "));
}

TEST_CASE("more depth is said to be only queue where inferences wait as long as half their work") {
  TailAttribution found;
  found.all = {100, {}};
  found.all.mean.device_ns = 20e6;
  const Bound serial{Bound::Loop::closed, 2, 50, 0, Bound::Rate::reached};
  const Bound parallel{Bound::Loop::closed, 8, 100, 0, Bound::Rate::reached};
  CHECK(bound_sentence(found, serial) == "Bound by the card: it works 100 % of the time, 20.0 ms each.");
  CHECK(bound_sentence(found, parallel) ==
        "Bound by the card: it works on 2.0 inferences at once, 20.0 ms each.");
  found.all.mean.queue_ns = 9e6;
  CHECK(bound_sentence(found, serial).find("more depth") == std::string::npos);
  found.all.mean.queue_ns = 11e6;
  CHECK(bound_sentence(found, serial).ends_with("each; more depth only makes the queue longer."));
  CHECK(bound_sentence(found, parallel).ends_with("each; more depth only makes the queue longer."));
  // A little more than it can be is how the driver counts, not an overlap.
  CHECK(bound_sentence(found, {Bound::Loop::closed, 2, 52, 0, Bound::Rate::reached})
            .starts_with("Bound by the card: it works 104 % of the time"));
}

TEST_CASE("what the host takes bounds a closed loop of a fast card") {
  ScriptedPort port;
  port.service = [](int) { return 100 * kUs; };
  double per_second = 0;
  SUBCASE("submitting") {
    port.submit_takes = 300 * kUs;
    const auto found = measured(port, 1, &per_second);
    CHECK(found.all.mean.host_ns == doctest::Approx(300'000).epsilon(0.02));
    CHECK(bound_sentence(found, {Bound::Loop::closed, 1, per_second, 0, Bound::Rate::reached}) ==
          "Bound by the host: the card works 25 % of the time; submitting takes 300 µs of an inference's 400 "
          "µs; a "
          "larger --depth hides it.");
  }
  SUBCASE("waking up") {
    port.wake_up_takes = 300 * kUs;
    const auto found = measured(port, 1, &per_second);
    CHECK(found.all.mean.wake_up_ns == doctest::Approx(300'000).epsilon(0.02));
    CHECK(bound_sentence(found, {Bound::Loop::closed, 1, per_second, 0, Bound::Rate::reached})
              .find("waking up after the completion takes 300 µs") != std::string::npos);
  }
}

TEST_CASE("rare stalls of the card are what the slowest inferences are made of") {
  ScriptedPort port;
  port.service = [](int n) { return n % 100 == 57 ? 10'000 * kUs : 1'000 * kUs; };
  const auto found = measured(port, 1);
  CHECK(found.slow_fraction == 0.001);
  CHECK(found.slow.samples >= 3);
  CHECK(found.slow.mean.device_ns == doctest::Approx(10'000'000.0).epsilon(0.01));
  CHECK(found.all.mean.device_ns < 2'500'000);
  CHECK(tail_sentence(found) == "The slowest 0.1 % (from 9.96 ms): 100 % of their time in the card.");
}

TEST_CASE("asking the driver costs at most 50 ns per inference, and two milliseconds") {
  for (const std::int64_t cost : {500, 11'000, 200'000}) {
    StageSampler sampler;
    std::int64_t spent = 0;
    constexpr int kInferences = 200'000;
    for (int i = 0; i < kInferences; ++i) {
      const std::uint64_t latency = i % 50 == 0 ? 90'000 : 500;
      if (!sampler.wants(latency)) continue;
      sampler.add({latency, {}}, cost);
      spent += cost;
    }
    INFO("cost ", cost, ", spent ", spent);
    CHECK(spent <= 50LL * kInferences + 2'000'000 + 2 * cost);
    CHECK(sampler.of_all().size() > 10);
    CHECK(sampler.of_slow().size() > 10);
  }
}

TEST_CASE("durations have three digits and a unit") {
  CHECK(duration_text(0) == "0 ns");
  CHECK(duration_text(999.4) == "999 ns");
  CHECK(duration_text(999.6) == "1.00 µs");
  CHECK(duration_text(12'345) == "12.3 µs");
  CHECK(duration_text(999'499) == "999 µs");
  CHECK(duration_text(999'501) == "1.00 ms");
  CHECK(duration_text(2'000'000'000) == "2.00 s");
}
