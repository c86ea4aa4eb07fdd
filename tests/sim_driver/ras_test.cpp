#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"
#include "wire/ras.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;

namespace {

wire::ras::Message message_of(std::uint32_t type) {
  wire::ras::Message out;
  out.header.magic = 0x55AA;
  out.header.version = 2;
  out.header.len = 92;
  out.source = 2;
  out.error_type = type;
  return out;
}

void push(Bench& bench, const wire::ras::Message& message) {
  const auto bytes = base::bytes_of(message);
  bench.script.outgoing.push_back({sim::device::Card::Stream::ras, {bytes.begin(), bytes.end()}});
  bench.deliver();
}

}  // namespace

TEST_CASE("reliability events are counted by kind") {
  auto bench = Bench::opened();
  CHECK(bench->driver.ras_counts() == Driver::RasCounts{});
  push(*bench, message_of(0));
  push(*bench, message_of(0));
  push(*bench, message_of(2));
  CHECK(bench->driver.ras_counts() == Driver::RasCounts{2, 0, 1});
  CHECK(bench->script.resets == 0);
  CHECK(bench->driver.take_messages().size() == 4);  // the card's own line, then three
}

TEST_CASE("an uncorrectable error is counted and resets the card") {
  auto bench = Bench::opened();
  REQUIRE(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  push(*bench, message_of(1));
  CHECK(bench->ended_with(bench->last_call) == -EIO);
  CHECK(bench->script.resets == 1);
  bench->deliver();
  CHECK(bench->driver.online());
  CHECK(bench->driver.ras_counts() == Driver::RasCounts{0, 1, 0});
  bench->driver.remove();
  bench->driver.probe();
  CHECK(bench->driver.ras_counts() == Driver::RasCounts{});
}

TEST_CASE("messages that are not pushes of a known kind are dropped") {
  const auto dropped = [](auto&& change) {
    auto bench = Bench::opened();
    auto message = message_of(1);
    change(message);
    push(*bench, message);
    CHECK(bench->driver.ras_counts() == Driver::RasCounts{});
    CHECK(bench->script.resets == 0);
  };
  dropped([](auto& message) { message.header.magic = 0x55AB; });
  dropped([](auto& message) { message.header.version = 0; });
  dropped([](auto& message) { message.header.version = 3; });
  dropped([](auto& message) { message.header.type = 1; });
  dropped([](auto& message) { message.header.type = 2; });
  dropped([](auto& message) { message.header.len = 91; });
  dropped([](auto& message) { message.error_type = 3; });
}
