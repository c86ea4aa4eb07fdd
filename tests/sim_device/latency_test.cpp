#include "sim/device/latency.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sim/device/pace.hpp"
#include "tests/sim_device/network_card.hpp"

using namespace qaic;
using namespace qaic::tests;
using sim::device::Latency;
using sim::device::LatencyTimes;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

namespace {

std::vector<double> microseconds_of(const Latency& model, std::size_t count, std::uint64_t stream = 0) {
  LatencyTimes times(model, stream);
  std::vector<double> out(count);
  for (double& value : out) value = static_cast<double>(times.next().count()) / 1000;
  return out;
}

struct Moments {
  double mean = 0;
  double deviation = 0;
};
Moments moments_of(const std::vector<double>& values) {
  Moments out;
  for (const double value : values) out.mean += value / static_cast<double>(values.size());
  for (const double value : values) {
    out.deviation += (value - out.mean) * (value - out.mean) / static_cast<double>(values.size());
  }
  out.deviation = std::sqrt(out.deviation);
  return out;
}

sim::device::CardConfig config_with(const Latency& latency) {
  auto config = sim::device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0);
  config.latency = latency;
  return config;
}

Latency unexecuted(nanoseconds time) {
  Latency latency;
  latency.shape = Latency::Shape::constant;
  latency.first = time;
  latency.execute = false;
  return latency;
}

Latency executed(nanoseconds time) {
  Latency latency = unexecuted(time);
  latency.execute = true;
  return latency;
}

void wait(TestNetwork& test, nanoseconds time) {
  test.clock.now += time;
  test.card.tick();
}

}  // namespace

TEST_CASE("a model's times have its distribution") {
  Latency model;
  model.shape = Latency::Shape::constant;
  model.first = 2ms;
  CHECK(microseconds_of(model, 3) == std::vector<double>{2000, 2000, 2000});

  model.shape = Latency::Shape::uniform;
  model.first = 1ms;
  model.second = 3ms;
  const auto uniform = microseconds_of(model, 20000);
  CHECK(*std::min_element(uniform.begin(), uniform.end()) >= 1000);
  CHECK(*std::max_element(uniform.begin(), uniform.end()) < 3000);
  CHECK(moments_of(uniform).mean == doctest::Approx(2000).epsilon(0.01));
  CHECK(moments_of(uniform).deviation == doctest::Approx(2000 / std::sqrt(12.0)).epsilon(0.02));

  model.shape = Latency::Shape::normal;
  model.first = 2ms;
  model.second = 100us;
  const auto normal = microseconds_of(model, 20000);
  CHECK(moments_of(normal).mean == doctest::Approx(2000).epsilon(0.01));
  CHECK(moments_of(normal).deviation == doctest::Approx(100).epsilon(0.03));

  model.shape = Latency::Shape::exponential;
  const auto exponential = microseconds_of(model, 20000);
  CHECK(moments_of(exponential).mean == doctest::Approx(2000).epsilon(0.03));
  CHECK(moments_of(exponential).deviation == doctest::Approx(2000).epsilon(0.03));
}

TEST_CASE("a normal time is never below zero") {
  Latency model;
  model.shape = Latency::Shape::normal;
  model.first = 10us;
  model.second = 1ms;
  const auto times = microseconds_of(model, 1000);
  CHECK(*std::min_element(times.begin(), times.end()) == 0);
}

TEST_CASE("stalls hit their share of the inferences, whatever the shape") {
  Latency model = unexecuted(1ms);
  model.stall_share = 0.01;
  model.stall = 10ms;
  const auto times = microseconds_of(model, 100000);
  const auto stalled = std::count(times.begin(), times.end(), 11000);
  CHECK(stalled > 900);
  CHECK(stalled < 1100);
  CHECK(std::count(times.begin(), times.end(), 1000) == 100000 - stalled);
  model.shape = Latency::Shape::uniform;
  model.second = 2ms;
  const auto others = microseconds_of(model, 100000);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if ((times[i] > 10000) != (others[i] > 10000)) FAIL("inference " << i);
  }
}

TEST_CASE("the same seed gives the same times, another seed or stream others") {
  Latency model;
  model.shape = Latency::Shape::exponential;
  model.first = 1ms;
  const auto times = microseconds_of(model, 100, 7);
  CHECK(microseconds_of(model, 100, 7) == times);
  CHECK(microseconds_of(model, 100, 8) != times);
  model.seed = 2;
  CHECK(microseconds_of(model, 100, 7) != times);
}

TEST_CASE("inferences under way at once take their time side by side") {
  TestNetwork test(config_with(unexecuted(2ms)));
  test.start_double();
  for (unsigned i = 0; i < 8; ++i) {
    test.queue_input();
    test.queue_output();
  }
  CHECK(test.responses() == 1);  // the first input; all else comes after an output
  REQUIRE(test.card.next_deadline());
  CHECK(*test.card.next_deadline() == test.clock.now + 2ms);
  wait(test, 2ms - 1ns);
  CHECK(test.responses() == 1);
  test.card.write_dbc(DbcId(test.dbc), Register::response_head, 1);
  const auto interrupts = test.interrupts.raised.size();
  wait(test, 1ns);
  CHECK(test.responses() == 16);
  CHECK(test.interrupts.raised.size() == interrupts + 1);
  CHECK_FALSE(test.card.next_deadline());
  for (unsigned slot = 0; slot < 16; ++slot) CHECK(test.response_status(slot) == 0);
}

TEST_CASE("an inference's time begins when the card takes it") {
  TestNetwork test(config_with(unexecuted(2ms)));
  test.start_double();
  test.queue_input();
  test.queue_output();
  wait(test, 500us);
  test.queue_input();
  test.queue_output();
  wait(test, 1500us);
  CHECK(test.responses() == 3);  // the second input too, whose turn it is now
  wait(test, 499us);
  CHECK(test.responses() == 3);
  wait(test, 1us);
  CHECK(test.responses() == 4);
}

TEST_CASE("no more inferences are under way than the model's depth") {
  Latency latency = unexecuted(2ms);
  latency.depth = 2;
  TestNetwork test(config_with(latency));
  test.start_double();
  for (unsigned i = 0; i < 4; ++i) {
    test.queue_input();
    test.queue_output();
  }
  CHECK(test.card.read_dbc(DbcId(test.dbc), Register::request_head) == 4);  // two inferences taken
  wait(test, 2ms);
  CHECK(test.responses() == 5);  // and the third one's input
  CHECK(test.card.read_dbc(DbcId(test.dbc), Register::request_head) == 8);
  wait(test, 2ms);
  CHECK(test.responses() == 8);
}

TEST_CASE("a network that is executed answers no sooner than the model says") {
  TestNetwork test(config_with(executed(2ms)));
  test.start_double();
  test.queue_input();
  test.queue_output();
  wait(test, 1ms);
  test.event(CoreEvent::Kind::semaphore, 0x02000000);  // ready for input
  CHECK(test.responses() == 1);
  std::memset(test.cores.ddr().data() + (test.ddr_base - kDdrBase) + 64, 0x42, 128);
  test.event(CoreEvent::Kind::semaphore, 0x03010000);  // output is there
  CHECK(test.responses() == 1);
  wait(test, 1ms);
  CHECK(test.responses() == 2);
  CHECK(hex_of(test.host.at(kData + 128, 1)) == "42");
}

TEST_CASE("a network that is slower than the model answers when it does") {
  TestNetwork test(config_with(executed(2ms)));
  test.start_double();
  test.queue_input();
  test.queue_output();
  test.event(CoreEvent::Kind::semaphore, 0x02000000);
  wait(test, 5ms);
  CHECK(test.responses() == 1);
  CHECK_FALSE(test.card.next_deadline());
  test.event(CoreEvent::Kind::semaphore, 0x03010000);
  CHECK(test.responses() == 2);
}

TEST_CASE("completions that the host has no room for wait without a deadline") {
  TestNetwork test(config_with(unexecuted(1ms)));
  test.start_double();
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < 15; ++i) {
      test.queue_input();
      test.queue_output();
    }
    wait(test, 1ms);
  }
  CHECK(test.responses() == 31);
  CHECK_FALSE(test.card.next_deadline());
  for (unsigned taken = 30; taken != 90; taken += 30) {
    test.card.write_dbc(DbcId(test.dbc), Register::response_head, taken % 32);
    wait(test, 1ms);
  }
  CHECK(test.responses() == 90 % 32);
  CHECK_FALSE(test.card.next_deadline());
}

TEST_CASE("a response queue of any length has no more than 65536 completions kept back") {
  sim::device::Pace pace(executed(1ms), 0, {}, 1U << 20);
  for (int i = 0; i < 65536; ++i) {
    REQUIRE_FALSE(pace.full());
    pace.hold({});
  }
  CHECK(pace.full());
  pace.pop();
  CHECK_FALSE(pace.full());
}

TEST_CASE("an inference that the host wants no completion of ends as well") {
  Latency latency = unexecuted(2ms);
  latency.depth = 1;
  TestNetwork test(config_with(latency));
  test.start_double();
  // Out of DDR + 64, without completion; then a whole one.
  test.queue_element(hex32(0x0a000007) + hex32(0) + hex64(test.ddr_base + 64) + hex64(kData + 128) +
                     hex32(128) + hex32(0) + zeros(32));
  test.queue_input();
  test.queue_output();
  wait(test, 2ms);
  CHECK(test.responses() == 2);
}

TEST_CASE("a network that is not executed needs no emulator, moves data, and computes nothing") {
  TestNetwork test(config_with(unexecuted(1ms)));
  test.cores.unavailable = "no emulator";
  test.cores.bad_code = "an instruction that cannot run";
  test.start_double();
  CHECK(test.cores.started.empty());
  const auto messages = test.card.take_messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find("is not executed") != std::string::npos);

  std::memset(test.cores.ddr().data() + (test.ddr_base - kDdrBase) + 64, 0x17, 128);
  test.place(kData, ByteVector(256, std::byte{0x99}));
  test.queue_input();
  test.queue_output();
  wait(test, 1ms);
  CHECK(test.responses() == 2);
  CHECK(hex_of(test.host.at(kData + 128, 1)) == "17");  // what DDR held
  // The input lies in the NSP's memory, and can be read back from there.
  test.queue_element(hex32(0x1a000003) + hex32(0) + hex64(test.mcid_base + kWindow) + hex64(kData + 512) +
                     hex32(128) + hex32(0) + zeros(32));
  wait(test, 1ms);
  CHECK(hex_of(test.host.at(kData + 512 + 127, 1)) == "99");

  const std::string reply = test.send(5, {deactivate_hex(test.activation_id)});
  CHECK(status_at(reply, 12) == 0);
  test.unload_all();
  CHECK(test.card.held().empty());
}

TEST_CASE("a network that is not executed can be let die") {
  TestNetwork test(config_with(unexecuted(1ms)));
  test.start_double();
  REQUIRE(test.card.inject(DbcId(test.dbc), CoreEvent::Kind::crashed));
  test.queue_input();
  test.queue_output();
  wait(test, 1ms);
  CHECK(test.response_status(0) == 5);
  CHECK(test.response_status(1) == 5);
}
