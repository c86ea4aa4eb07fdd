// What MANAGE makes of the card's answers: good, bad, late and none.
#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using std::chrono::milliseconds;

namespace {

constexpr std::array<std::byte, 8> kPayload{std::byte{0xA1}, std::byte{0xA2}};

template <class Build>
CardScript::Answer answer(Build build) {
  return [build](const CardScript::Message& request) {
    Reply reply(request.sequence());
    build(reply);
    return reply.bytes();
  };
}

// The result of an activation (a request that allows every kind of answer).
template <class Build>
int verdict(Bench& bench, Build build) {
  bench.script.answers.push_back(answer(build));
  return bench.manage(passthrough({13, 0}) + activation(8), 2);
}

}  // namespace

TEST_CASE("a reply is decoded over the request, in order") {
  auto bench = Bench::opened();
  CHECK(verdict(*bench,
                [](Reply& reply) { reply.passthrough(kPayload).status(5, 0, 0, 2).passthrough({}); }) == 0);
  CHECK(bench->message.count == 3);
  CHECK(bench->message.len == 16 + 24 + 8);
  CHECK(bench->client->get<TransactionHeader>(Bench::kData).type == 3);
  CHECK(bench->client->get<std::uint8_t>(Bench::kData + 8) == 0xA1);
  const auto status = bench->client->get<StatusFromDev>(Bench::kData + 16);
  CHECK(status.header.type == 14);
  CHECK(status.major == 5);
  CHECK(status.status_flags == 2);
}

TEST_CASE("a deactivation is counted in the reply but not copied") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(4, 8) == 0);
  (void)bench->driver.take_uevents();
  bench->script.answers.push_back(answer([](Reply& reply) { reply.deactivate(0, 4).passthrough(kPayload); }));
  CHECK(bench->manage(passthrough({11, 0}) + deactivation(4), 2) == 0);
  CHECK(bench->message.count == 2);
  CHECK(bench->message.len == 16);
  CHECK(bench->driver.mapped_ranges() == 0);
  CHECK(bench->driver.dbc_state(base::DbcId{4}) == 0);
  const auto events = bench->driver.take_uevents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].action == "change");
  CHECK(events[0].environment == decltype(events[0].environment){{"DBC_ID", "4"}, {"DBC_STATE", "0"}});
}

TEST_CASE("malformed replies are EINVAL") {
  auto bench = Bench::opened();
  auto& b = *bench;
  CHECK(verdict(b, [](Reply& r) { r.header().len = 7; }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.header().len = 4097; }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.header().len = 40; }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.header().count = 1; }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.passthrough(kPayload).header().count = 2; }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.passthrough(kPayload).passthrough(kPayload).header().count = 1; }) ==
        -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(3, kPayload, 0); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(3, kPayload, 24); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(3, base::Bytes(kPayload).first(4)); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(8, kPayload); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(11, {}); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.transaction(14, kPayload); }) == -EINVAL);
  for (const std::uint32_t type : {0u, 1u, 2u, 5u, 13u, 16u, 19u, 77u}) {
    CHECK(verdict(b, [type](Reply& r) { r.transaction(type, kPayload); }) == -EINVAL);
  }
  // A continuation that nobody asked for, and one beside another transaction.
  CHECK(verdict(b, [](Reply& r) { r.continuation(0, 0); }) == -EINVAL);
  CHECK(verdict(b, [](Reply& r) { r.passthrough({}).continuation(0, 0); }) == -EINVAL);
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("an activation reply is judged: request, channel number, status") {
  auto bench = Bench::opened();
  bench->script.answers.push_back(answer([](Reply& r) { r.activate(0, 0); }));
  CHECK(bench->manage(passthrough({13, 0}), 1) == -EINVAL);  // none was requested
  CHECK(verdict(*bench, [](Reply& r) { r.activate(5, 16); }) == -ENODEV);
  CHECK(bench->message.len == 40);  // nothing was copied back
  CHECK(verdict(*bench, [](Reply& r) { r.passthrough(kPayload).activate(5, 2).passthrough({}); }) ==
        -ECANCELED);
  CHECK(bench->message.len == 40);
  CHECK(bench->message.count == 3);
  CHECK(bench->client->get<ActivateFromDev>(Bench::kData + 16).status == 5);
  CHECK(bench->driver.dbc_state(base::DbcId{2}) == 0);
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("what was decoded before an error stays in force") {
  auto bench = Bench::opened();
  CHECK(verdict(*bench, [](Reply& r) { r.activate(0, 1).transaction(77, {}); }) == -EINVAL);
  CHECK(bench->driver.dbc_state(base::DbcId{1}) == 1);
  Wait wait{1, 0, 1, 0};
  CHECK(bench->ioctl(kIoctlWaitBo, wait) == -ENOENT);  // it is ours: not EPERM
}

TEST_CASE("a refused deactivation gives the channel back and copies nothing of itself") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  CHECK(bench->deactivate(0, 3) == -ECANCELED);
  CHECK(bench->message.len == 0);
  CHECK(bench->message.count == 1);
  const auto handle = bench->bo(4096);
  CHECK(bench->attach(handle, 0, {slice_of(16)}) == 0);
  bench->script.answers.push_back(answer([](Reply& r) { r.deactivate(0, 16); }));
  CHECK(bench->manage(passthrough({11, 0}), 1) == -ENODEV);
}

TEST_CASE("a STATUS answer with an error is ECANCELED, one that claims a checksum is held to it") {
  auto bench = Bench::opened();
  CHECK(verdict(*bench, [](Reply& r) { r.status(5, 0, 9, 0); }) == -ECANCELED);
  CHECK(bench->client->get<StatusFromDev>(Bench::kData).status == 9);
  CHECK(verdict(*bench, [](Reply& r) { r.status(5, 0, 0, 1); }) == 0);
  CHECK(verdict(*bench, [](Reply& r) { r.status(5, 0, 0, 1).header().crc32 = 1; }) == -EPIPE);
}

TEST_CASE("an answer that cannot be written back is EFAULT") {
  auto bench = Bench::opened();
  bench->client->read_only_start = Bench::kData;
  bench->client->read_only_end = Bench::kData + 4096;
  CHECK(verdict(*bench, [](Reply& r) { r.passthrough(kPayload); }) == -EFAULT);
  CHECK(verdict(*bench, [](Reply&) {}) == 0);  // nothing to write
}

TEST_CASE("no answer is ETIMEDOUT after the module's timeout") {
  Parameters parameters;
  parameters.control_resp_timeout = std::chrono::seconds(3);
  auto bench = Bench::opened(parameters);
  CHECK(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  CHECK(bench->driver.next_deadline() == std::chrono::seconds(4));
  bench->pass(milliseconds(2999));
  CHECK(bench->ended.empty());
  bench->pass(milliseconds(1));
  CHECK(bench->ended_with(bench->last_call) == -ETIMEDOUT);
  CHECK_FALSE(bench->driver.next_deadline());
}

TEST_CASE("wrong magic and unknown sequence numbers do not end a call") {
  auto bench = Bench::opened();
  CHECK(bench->manage(passthrough({13, 0}), 1) == Bench::kSleeps);
  const auto sequence = bench->script.received.back().sequence();
  Reply bad(sequence);
  bad.header().magic = 0x11111111;
  bench->script.replies.push_back(bad.bytes());
  bench->script.replies.push_back(Reply(sequence + 1).bytes());
  bench->script.replies.push_back(base::ByteVector(12));
  bench->deliver();
  CHECK(bench->ended.empty());
  bench->script.replies.push_back(Reply(sequence).bytes());
  bench->deliver();
  CHECK(bench->ended_with(bench->last_call) == 0);
}

TEST_CASE("answers may come in any order") {
  auto bench = Bench::opened();
  CHECK(bench->manage(passthrough({13, 1}), 1) == Bench::kSleeps);
  const CallId first = bench->last_call;
  CHECK(bench->manage(passthrough({13, 2}), 1) == Bench::kSleeps);
  const CallId second = bench->last_call;
  bench->script.replies.push_back(Reply(bench->script.received[1].sequence()).bytes());
  bench->deliver();
  CHECK(bench->ended_with(second) == 0);
  CHECK_FALSE(bench->ended_with(first));
  bench->script.replies.push_back(Reply(bench->script.received[0].sequence()).bytes());
  bench->deliver();
  CHECK(bench->ended_with(first) == 0);
}

TEST_CASE("an interrupted request stays with the card; its late answer counts only as a deactivation") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(5, 8) == 0);
  CHECK(bench->manage(passthrough({11, 0}) + activation(16) + deactivation(5), 3) == Bench::kSleeps);
  bench->driver.interrupt(bench->last_call);
  CHECK(bench->ended.empty());
  const auto sequence = bench->script.received.back().sequence();
  // The new queue stays: the card may hold it for active.
  CHECK(bench->driver.mapped_ranges() == 2);
  (void)bench->driver.take_uevents();
  bench->script.replies.push_back(Reply(sequence).activate(0, 6).deactivate(0, 5).bytes());
  bench->deliver();
  CHECK(bench->driver.dbc_state(base::DbcId{5}) == 0);
  CHECK(bench->driver.dbc_state(base::DbcId{6}) == 0);
  CHECK(bench->driver.take_uevents().size() == 1);
  CHECK(bench->driver.mapped_ranges() == 1);
  CHECK(bench->ended.empty());
  bench->driver.close(bench->file);
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a deactivation waits for the sleepers of its channel, whatever signal comes") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(4096);
  REQUIRE(bench->attach(handle, 0, {slice_of(16)}) == 0);
  REQUIRE(bench->execute(0, {handle}) == 0);
  CHECK(bench->start_wait(handle, 0, 700) == std::nullopt);
  const CallId waiting = bench->last_call;
  const auto before = bench->script.received.size();
  CHECK(bench->deactivate(0) == Bench::kSleeps);
  const CallId deactivating = bench->last_call;
  CHECK(bench->wait(handle, 0) == -EPERM);  // new ones find no owner
  CHECK(bench->script.received.size() == before);
  bench->driver.interrupt(deactivating);
  CHECK(bench->script.received.size() == before);
  bench->pass(milliseconds(700));
  CHECK(bench->ended_with(waiting) == -ETIMEDOUT);  // nobody wakes it
  // Then it is sent, and the answer, now an orphan's, releases the channel.
  CHECK(bench->script.received.size() == before + 1);
  CHECK_FALSE(bench->ended_with(deactivating));
  bench->deliver();
  CHECK(bench->driver.dbc_state(base::DbcId{0}) == 0);
}

// kernel-interface §10, quirks 1 and 8
TEST_CASE("a channel given up without telling the card stays in use, also after close") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  bench->script.answers.push_back(answer([](Reply&) {}));
  CHECK(bench->manage(deactivation(0), 1) == 0);
  CHECK(bench->driver.dbc_state(base::DbcId{0}) == 1);
  bench->driver.close(bench->file);
  CHECK(bench->driver.mapped_ranges() == 0);  // its memory is not leaked
  CHECK(bench->driver.open(bench->node, bench->file) == 0);
  CHECK(bench->activate(0, 8) == Bench::kSleeps);
  bench->pass(std::chrono::seconds(100));
  CHECK(bench->ended.empty());  // no timeout there
  bench->driver.interrupt(bench->last_call);
  CHECK(bench->activate(1, 8) == 0);
}

// kernel-interface §10, quirk 10
TEST_CASE("the channel state outlives close, and the next activation makes no event") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(7, 8) == 0);
  CHECK(bench->accel_events().size() == 2);  // online, change
  bench->driver.close(bench->file);
  CHECK(bench->driver.take_uevents().empty());
  CHECK(bench->driver.dbc_state(base::DbcId{7}) == 1);
  CHECK(bench->driver.open(bench->node, bench->file) == 0);
  REQUIRE(bench->activate(7, 8) == 0);
  CHECK(bench->driver.take_uevents().empty());
  CHECK(bench->deactivate(7) == 0);
  CHECK(bench->driver.take_uevents().size() == 1);
}
