#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>

#include "tools/qaic-run/bench/histogram.hpp"
#include "tools/qaic-run/compare/condition.hpp"

using namespace qaic::tools::run::comparing;
using qaic::tools::run::bench::Histogram;

namespace {

// A run of 20 windows of 200 inferences, each window a little faster or slower
// than the others; `factor` on all latencies, every 100th takes `stall` more.
SavedPoint run(std::uint64_t seed, double factor, double stall_ms) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> body(1.0, 0.05), drift(1.0, 0.02);
  SavedPoint point;
  point.loop = "closed";
  point.depth = point.activations = 1;
  for (int w = 0; w < 20; ++w) {
    SavedWindow window;
    const double speed = drift(random);
    std::vector<std::uint32_t> counts(Histogram::kBuckets, 0);
    double sum = 0;
    for (int i = 0; i < 200; ++i) {
      double latency = 1e6 * factor * speed * body(random);
      if (random() % 100 == 0) latency += stall_ms * 1e6;
      ++counts[Histogram::bucket_of(static_cast<std::uint64_t>(latency))];
      sum += latency;
    }
    window.length_ns = static_cast<std::int64_t>(sum);
    window.inferences = window.completed = 200;
    for (std::uint32_t bucket = 0; bucket < counts.size(); ++bucket) {
      if (counts[bucket] != 0) window.buckets.emplace_back(bucket, counts[bucket]);
    }
    point.windows.push_back(std::move(window));
  }
  point.inferences = 4000;
  return point;
}

const Change& of(const std::vector<Change>& changes, Metric metric) {
  for (std::size_t i = 0; i < kMetrics.size(); ++i) {
    if (kMetrics[i] == metric) return changes[i];
  }
  return changes.front();
}

Condition condition(const char* text) {
  return parse_condition(text).value();
}

}  // namespace

TEST_CASE("conditions are a metric, a direction and a percentage") {
  const auto above = condition("p99>+5%");
  CHECK(above.metric == Metric::p99);
  CHECK(above.direction == Condition::Direction::above);
  CHECK(above.limit == doctest::Approx(0.05));
  CHECK(condition("p99.9>5%").metric == Metric::p99_9);
  CHECK(condition("throughput<-2.5%").limit == doctest::Approx(-0.025));
  for (const char* wrong : {"", "p99", "p99>5", ">5%", "p98>5%", "p99=5%", "p99>%", "p99>+-5%", "p99>5%%",
                            "max>5%", "p99>nan%", "p99>+", "p99>+%", "p99>5 %"}) {
    INFO(wrong);
    CHECK(!parse_condition(wrong));
  }
}

TEST_CASE("two runs of the same are seldom told apart") {
  int slower = 0, less = 0;
  constexpr int kTrials = 200;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    const auto changes = changes_of(run(2 * trial + 1, 1, 0), run(2 * trial + 2, 1, 0));
    slower += holds(condition("p99>0%"), of(changes, Metric::p99)) == Holds::yes ? 1 : 0;
    less += holds(condition("throughput<0%"), of(changes, Metric::throughput)) == Holds::yes ? 1 : 0;
  }
  // 2.5 % of the trials on each side, and room for a bootstrap over 20 windows.
  INFO("p99 ", slower, ", throughput ", less);
  CHECK(slower <= kTrials * 6 / 100);
  CHECK(less <= kTrials * 6 / 100);
}

TEST_CASE("an interval of 95 % has the true change in it as often") {
  // Throughput of as few windows as can be, that vary by 5 %, independently of each other.
  const auto steady = [](std::mt19937_64& random) {
    std::normal_distribution<double> completed(10'000, 500);
    SavedPoint point;
    for (int w = 0; w < 6; ++w) {
      SavedWindow window{1'000'000'000, true, 10, 0, {{500, 10}}};
      window.completed = static_cast<std::uint64_t>(completed(random));
      point.windows.push_back(window);
    }
    return point;
  };
  std::mt19937_64 random(7);
  constexpr int kTrials = 400;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto a = steady(random), b = steady(random);
    const auto interval = of(changes_of(a, b), Metric::throughput).interval;
    REQUIRE(interval);
    covered += interval->first <= 0 && interval->second >= 0 ? 1 : 0;
  }
  INFO(covered);
  // 380, and what chance does to a count of 400; a bare bootstrap has it in 360.
  CHECK(covered >= 375);
  CHECK(covered <= 396);
}

TEST_CASE("a slower run is seen, by how much, and in which figure") {
  int seen = 0, tail = 0, body = 0;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const auto slower = changes_of(run(2 * trial + 1, 1, 0), run(2 * trial + 2, 1.10, 0));
    const Change& p99 = of(slower, Metric::p99);
    CHECK(p99.ratio.value() == doctest::Approx(0.10).epsilon(0.3));
    seen += holds(condition("p99>+5%"), p99) == Holds::yes ? 1 : 0;
    CHECK(holds(condition("p99>+20%"), p99) == Holds::no);
    CHECK(holds(condition("throughput<-3%"), of(slower, Metric::throughput)) == Holds::yes);
    const auto stalls = changes_of(run(2 * trial + 1, 1, 0), run(2 * trial + 2, 1, 10));
    tail += holds(condition("p99.9>+100%"), of(stalls, Metric::p99_9)) != Holds::no ? 1 : 0;
    body += holds(condition("p50>+5%"), of(stalls, Metric::p50)) == Holds::no ? 1 : 0;
  }
  CHECK(seen >= 38);
  CHECK(tail == 40);
  CHECK(body == 40);
}

TEST_CASE("what was measured too little has no interval, and no verdict") {
  auto a = run(1, 1, 0), b = run(2, 2, 0);
  CHECK(of(changes_of(a, b), Metric::p99).interval);
  CHECK(!of(changes_of(a, b), Metric::p99_9).interval);  // 4 of 4000 are beyond it
  b.windows.resize(5);
  const auto changes = changes_of(a, b);
  CHECK(!of(changes, Metric::p50).interval);
  CHECK(of(changes, Metric::p50).ratio.value() == doctest::Approx(1).epsilon(0.1));
  CHECK(holds(condition("p50>+5%"), of(changes, Metric::p50)) == Holds::unclear);
  b.windows.clear();
  CHECK(!of(changes_of(a, b), Metric::mean).interval);
}

TEST_CASE("what a run does not say is absent, not 0") {
  auto a = run(1, 1, 0), b = run(2, 1, 0);
  for (auto& window : a.windows) window.whole = false;
  const auto changes = changes_of(a, b);
  CHECK(!of(changes, Metric::throughput).a);
  CHECK(of(changes, Metric::throughput).b);
  CHECK(!of(changes, Metric::throughput).ratio);
  CHECK(!of(changes, Metric::throughput).interval);
  CHECK(of(changes, Metric::p50).interval);
  b.windows.clear();
  CHECK(!of(changes_of(a, b), Metric::p50).b);
}

TEST_CASE("quantiles of a saved run are those of its histogram") {
  Histogram all;
  SavedPoint point;
  for (int w = 0; w < 10; ++w) {
    SavedWindow window{1'000'000'000, true, 0, 0, {}};
    Histogram own;
    for (std::uint64_t i = 0; i < 500; ++i) {
      own.record(100'000 + i * 997 + static_cast<std::uint64_t>(w) * 13);
      all.record(100'000 + i * 997 + static_cast<std::uint64_t>(w) * 13);
    }
    for (std::uint32_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
      if (own.in_bucket(bucket) != 0) window.buckets.emplace_back(bucket, own.in_bucket(bucket));
    }
    window.inferences = window.completed = own.count();
    point.windows.push_back(window);
  }
  const auto changes = changes_of(point, point);
  CHECK(of(changes, Metric::p50).a.value() == doctest::Approx(all.quantile(0.5)).epsilon(0.008));
  CHECK(of(changes, Metric::p99).a.value() == doctest::Approx(all.quantile(0.99)).epsilon(0.008));
  CHECK(of(changes, Metric::mean).a.value() == doctest::Approx(all.mean()).epsilon(0.004));
  CHECK(of(changes, Metric::throughput).a.value() == doctest::Approx(500));
  CHECK(of(changes, Metric::p99).ratio.value() == 0);
}

TEST_CASE("a text that is no report is refused") {
  const std::string window =
      R"({"start_ns": 0, "length_ns": 10, "inferences": 3, "completed": 4, "buckets": "BUCKETS"})";
  const auto document = [&](const std::string& buckets, const std::string& lane = "10") {
    std::string text =
        R"({"schema": "qaic.bench/1", "time": "t", "exit_code": 6, "tool": {"version": "1.2"},
      "inputs": [{"name": "x", "sent_bytes": 4, "sha256": "0123456789abcdef"}], "options": {"warm_up_ns": 5},
      "devices": [], "program": {"sha256": null},
      "environment": {"cpu": null, "cpus": 2, "kernel": "k", "governor": null}, "points": [{"loop": "closed",
      "arrivals": null, "asked_per_second": null, "depth": 1, "activations": 1, "inferences": 3, "measured_ns": 10, "complete": false,
      "lanes": [{"measured_ns": 0}, {"measured_ns": LANE}],
      "stability": {"verdict": "stable"}, "windows": [)" +
        window + "]}]}";
    text.replace(text.find("LANE"), 4, lane);
    return text.replace(text.find("BUCKETS"), 7, buckets);
  };
  const auto good = parse_report(document("5:1 300:2"), "x");
  REQUIRE(good);
  CHECK(good->points.at(0).windows.at(0).buckets.size() == 2);
  CHECK(good->exit_code == 6);
  using Entry = std::pair<std::string, std::string>;
  CHECK(good->fingerprint.at(1) == Entry("qaic-run", "1.2"));
  CHECK(good->fingerprint.at(2) == Entry("inputs", "x of 4 bytes (01234567) "));
  CHECK(good->fingerprint.at(3) == Entry("warm-up in ns", "5"));
  CHECK(!good->points.at(0).complete);
  CHECK(good->points.at(0).windows.at(0).whole);
  CHECK(good->points.at(0).windows.at(0).completed == 4);
  const auto early = parse_report(document("5:3", "9"), "x");
  REQUIRE(early);
  CHECK(!early->points.at(0).windows.at(0).whole);
  CHECK(good->points.at(0).name() == "closed loop, depth 1");
  for (const char* buckets :
       {"5:1", "5:1 300:3", "5:1 ", "5", "5:", ":3", "x:3", "5:-3", "99999:3", "5:3 x", "5:3,"}) {
    INFO(buckets);
    const auto bad = parse_report(document(buckets), "x");
    REQUIRE(!bad);
    CHECK(bad.error().id == "bench-report");
  }
  std::string other = document("5:3");
  for (const char* text : {"", "{}", "[]", "nonsense", "{\"schema\": \"qaic.run/1\"}", "{\"schema\": 5}"}) {
    INFO(text);
    CHECK(!parse_report(text, "x"));
  }
  for (const char* field : {"\"depth\": 1", "\"measured_ns\": 10", "\"start_ns\": 0", "\"windows\": ["}) {
    std::string broken = other;
    broken.replace(broken.find(field) + 1, 3, "xyz");
    INFO(field);
    CHECK(!parse_report(broken, "x"));
  }
}
