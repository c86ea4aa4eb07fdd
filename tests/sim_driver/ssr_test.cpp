#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"
#include "tests/wire/hex.hpp"
#include "wire/ssr.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using qaic::sim::device::Card;

namespace {

// A message in hex, as it stands in kernel-interface §6.2.
void send(Bench& bench, std::string_view hex) {
  bench.script.outgoing.push_back({Card::Stream::ssr, tests::bytes_of_hex(hex)});
  bench.deliver();
}

// What the driver answered, in hex.
std::vector<std::string> answers(Bench& bench) {
  std::vector<std::string> out;
  for (const auto& sent : std::exchange(bench.script.streamed, {})) {
    CHECK(sent.stream == Card::Stream::ssr);
    out.push_back(tests::hex_of(sent.bytes));
  }
  return out;
}

std::vector<std::string> states(Bench& bench) {
  std::vector<std::string> out;
  for (const auto& event : bench.accel_events()) {
    CHECK(event.action == "change");
    REQUIRE(event.environment.size() == 2);
    CHECK(event.environment[0] == std::pair<std::string, std::string>("DBC_ID", "2"));
    out.push_back(event.environment[1].second);
  }
  return out;
}

using List = std::vector<std::string>;

constexpr const char* kBeforeShutdown = "00010000 10000000 02000000 02000000";
constexpr const char* kAfterShutdown = "00010000 10000000 02000000 04000000";
constexpr const char* kBeforePowerUp = "00010000 10000000 02000000 08000000";
constexpr const char* kAfterPowerUp = "00010000 10000000 02000000 10000000";
// 64 bytes of table at 0x1000.
constexpr const char* kOffer = "01000000 20000000 02000000 00000000 0010000000000000 4000000000000000";

List echo(const char* event) {
  return {tests::packed(std::string("00020000 10000000 02000000 ") + event)};
}

}  // namespace

TEST_CASE("the restart of a channel's subsystem goes through the states, and ends what waits with EPIPE") {
  auto bench = Bench::opened();
  const auto handle = bench->bo(4096);
  REQUIRE(bench->activate(2, 8) == 0);
  REQUIRE(bench->attach(handle, 2, {slice_of(16)}) == 0);
  REQUIRE(bench->execute(2, {handle}) == 0);
  REQUIRE(bench->start_wait(handle, 2) == std::nullopt);
  const CallId waiting = bench->last_call;
  (void)bench->driver.take_uevents();

  send(*bench, kBeforeShutdown);
  CHECK(bench->ended_with(waiting) == -EPIPE);
  CHECK(answers(*bench) == echo("02000000"));
  CHECK(states(*bench) == List{"2"});
  CHECK(bench->driver.mapped_ranges() == 0);
  // New calls find no owner.
  CHECK(bench->execute(2, {handle}) == -EPERM);
  CHECK(bench->wait(handle, 2) == -EPERM);
  CHECK(bench->attach(handle, 2, {slice_of(16)}) == -EINVAL);
  send(*bench, kAfterShutdown);
  CHECK(answers(*bench) == echo("04000000"));
  send(*bench, kBeforePowerUp);
  CHECK(answers(*bench) == echo("08000000"));
  send(*bench, kAfterPowerUp);
  CHECK(answers(*bench) == echo("10000000"));
  CHECK(states(*bench) == List{"3", "4", "5", "0"});
  CHECK(bench->activate(2, 8) == 0);
  CHECK(bench->attach(handle, 2, {slice_of(16)}) == 0);
  CHECK(bench->execute(2, {handle}) == 0);
  REQUIRE(bench->start_wait(handle, 2) == std::nullopt);
  bench->driver.reset_soc();
  CHECK(bench->ended_with(bench->last_call) == -EPERM);
}

TEST_CASE("a dump is read table first, in pieces, and handed over with its head") {
  auto bench = Bench::opened();
  send(*bench, kBeforePowerUp);
  (void)answers(*bench);
  send(*bench, kOffer);
  CHECK(answers(*bench) ==
        List{tests::packed("02000000 10000000 02000000 00000000"),
             tests::packed("04000000 20000000 02000000 00000000 0010000000000000 4000000000000000")});
  // One region of 0x10004 bytes at 0x2000: more than one read.
  const std::string zeros(80, '0');
  send(*bench,
       "08000000 50000000 02000000 00000000 0100000000000000 0020000000000000 0400010000000000" + zeros);
  CHECK(answers(*bench) ==
        List{tests::packed("04000000 20000000 02000000 00000000 0020000000000000 c0ff000000000000")});
  const std::string block(std::size_t{65472} * 2, 'a');
  send(*bench, "08000000 d0ff0000 02000000 00000000" + block);
  CHECK(answers(*bench) ==
        List{tests::packed("04000000 20000000 02000000 00000000 c01f010000000000 4400000000000000")});
  send(*bench, "08000000 54000000 02000000 00000000" + std::string(std::size_t{68} * 2, 'b'));
  CHECK(answers(*bench) == List{tests::packed("10000000 10000000 02000000 00000000")});
  CHECK_FALSE(bench->driver.take_dump());
  send(*bench, "20000000 10000000 02000000 00000000");
  const auto dump = bench->driver.take_dump();
  REQUIRE(dump);
  CHECK(dump->size() == 32 + 64 + 0x10004);
  CHECK(tests::hex_of(base::Bytes(*dump).first(32)) ==
        tests::packed("efcdab9078563412 0100000000000000 6400010000000000 4000000000000000"));
  CHECK(dump->back() == std::byte{0xBB});
  CHECK(bench->script.resets == 0);
  send(*bench, kAfterPowerUp);
  CHECK(answers(*bench) == echo("10000000"));
}

TEST_CASE("a dump is declined unless the channel is before its power-up and the table has entries") {
  for (const bool right_state : {false, true}) {
    auto bench = Bench::opened();
    if (right_state) send(*bench, kBeforePowerUp);
    (void)answers(*bench);
    const std::string length = right_state ? "4100000000000000" : "4000000000000000";
    send(*bench, "01000000 20000000 02000000 00000000 0010000000000000" + length);
    CHECK(answers(*bench) == List{tests::packed("02000000 10000000 02000000 01000000")});
  }
}

TEST_CASE("power-up in the middle of a dump is refused, and any other slip resets the card") {
  for (const char* next : {"00010000 10000000 02000000 10000000",     // AFTER_POWER_UP
                           "08000000 11000000 03000000 00000000 00",  // of another channel
                           "08000000 10000000 02000000 00000000",     // nothing read
                           "20000000 10000000 02000000 00000000",     // done too soon
                           "00010000 10000000 02000000 02000000"}) {  // another event
    CAPTURE(next);
    auto bench = Bench::opened();
    send(*bench, kBeforePowerUp);
    send(*bench, kOffer);
    (void)answers(*bench);
    (void)bench->driver.take_uevents();
    send(*bench, next);
    const bool nack = std::string_view(next) == kAfterPowerUp;
    CHECK(bench->script.resets == (nack ? 0u : 1u));
    if (nack) {
      CHECK(answers(*bench) == echo("01000000"));
      CHECK(bench->driver.dbc_state(base::DbcId{2}) == 4);
    }
    CHECK_FALSE(bench->driver.take_dump());
  }
}

TEST_CASE("messages for a channel that is not there, or too long, are not answered") {
  auto bench = Bench::opened();
  send(*bench, "00010000 10000000 10000000 02000000");
  send(*bench, "00010000 21000000 02000000 02000000");
  send(*bench, "0001");
  CHECK(answers(*bench).empty());
  CHECK(bench->script.resets == 0);
}
