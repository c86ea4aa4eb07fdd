#include "sim/cli/latency_setting.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using qaic::sim::cli::parse_latency;
using Shape = qaic::sim::device::Latency::Shape;

TEST_CASE("a time alone is the same for all inferences, and networks are executed") {
  const auto latency = parse_latency("2ms");
  REQUIRE(latency);
  CHECK(latency->shape == Shape::constant);
  CHECK(latency->first == 2ms);
  CHECK(latency->stall_share == 0);
  CHECK(latency->depth == 0);
  CHECK(latency->seed == 1);
  CHECK(latency->execute);
  CHECK(parse_latency("100us")->first == 100us);
  CHECK(parse_latency("1.5ms")->first == 1500us);
  CHECK(parse_latency("7ns")->first == 7ns);
  CHECK(parse_latency("0.25s")->first == 250ms);
  CHECK(parse_latency("0")->first == 0ns);
}

TEST_CASE("a distribution, and all that may follow it") {
  const auto latency = parse_latency("normal:2ms:0.1ms,stall=1%:10ms,depth=8,seed=42,execute=off");
  REQUIRE(latency);
  CHECK(latency->shape == Shape::normal);
  CHECK(latency->first == 2ms);
  CHECK(latency->second == 100us);
  CHECK(latency->stall_share == doctest::Approx(0.01));
  CHECK(latency->stall == 10ms);
  CHECK(latency->depth == 8);
  CHECK(latency->seed == 42);
  CHECK_FALSE(latency->execute);
  CHECK(parse_latency("uniform:1ms:3ms")->shape == Shape::uniform);
  CHECK(parse_latency("uniform:1ms:3ms")->second == 3ms);
  CHECK(parse_latency("exp:500us")->shape == Shape::exponential);
  CHECK(parse_latency("exp:500us")->first == 500us);
}

TEST_CASE("what is not of the form is refused") {
  for (const std::string text : {"",
                                 "2",
                                 "ms",
                                 "-1ms",
                                 "2 ms",
                                 "2m",
                                 "3601s",
                                 "nan",
                                 "1e999s",
                                 "infs",
                                 "2ms:1ms",
                                 "normal:2ms",
                                 "normal:2ms:1ms:1ms",
                                 "uniform:3ms:1ms",
                                 "exp",
                                 "exp:",
                                 "exp:1ms:1ms",
                                 "gamma:1ms:2ms",
                                 "2ms,jitter=1ms",
                                 "2ms,stall=1:10ms",
                                 "2ms,stall=101%:1ms",
                                 "2ms,stall=1%",
                                 "2ms,stall=1%:",
                                 "2ms,depth=0",
                                 "2ms,depth=-1",
                                 "2ms,depth=2x",
                                 "2ms,seed=",
                                 "2ms,seed=1.5",
                                 "2ms,execute=on",
                                 "2ms,execute",
                                 "2ms,depth=1,depth=2",
                                 "2ms,,depth=2",
                                 "2ms,",
                                 "execute=off"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_latency(text));
  }
}
