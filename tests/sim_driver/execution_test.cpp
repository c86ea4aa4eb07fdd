#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using std::chrono::milliseconds;

namespace {

// A file with channel 0 of `elements` and a BO of one or more slices on it.
struct Running {
  explicit Running(std::uint32_t elements = 8, std::size_t slices = 1, Parameters parameters = {})
      : bench(Bench::opened(parameters)) {
    REQUIRE(bench->activate(0, elements) == 0);
    handle = sliced(slices);
  }
  std::uint32_t sliced(std::size_t slices = 1) {
    const auto bo = bench->bo(0x3000);
    std::vector<AttachSliceEntry> entries;
    for (std::size_t i = 0; i < slices; ++i) entries.push_back(slice_of(0x1000, i * 0x1000));
    REQUIRE(bench->attach(bo, 0, entries) == 0);
    return bo;
  }
  [[nodiscard]] std::array<std::uint32_t, 4>& registers() { return bench->script.channels[0].registers; }

  std::unique_ptr<Bench> bench;
  std::uint32_t handle;
};

}  // namespace

TEST_CASE("execute writes the tail once for the batch and answers at once") {
  Running r;
  const auto second = r.sliced(2);
  CHECK(r.bench->execute(0, {r.handle, second}) == 0);
  CHECK(r.registers()[1] == 3);
  CHECK(r.bench->script.element(0, 0).req_id == 0);
  CHECK(r.bench->script.element(0, 1).req_id == 1);
  CHECK(r.bench->script.element(0, 2).req_id == 1);
  CHECK(r.bench->script.element(0, 2).src_addr == r.bench->script.element(0, 1).src_addr + 0x1000);
}

TEST_CASE("execute checks its arguments") {
  Running r;
  auto& bench = *r.bench;
  const auto execute = [&](Execute args) { return bench.ioctl(kIoctlExecuteBo, args); };
  CHECK(execute({0, 0, Bench::kEntries}) == -EINVAL);
  CHECK(execute({1, 16, Bench::kEntries}) == -EINVAL);
  CHECK(execute({1, 0, 8}) == -EFAULT);
  CHECK(execute({0xFFFFFFFF, 0, Bench::kEntries}) == -ENOMEM);
  CHECK(bench.execute(1, {r.handle}) == -EPERM);
  CHECK(bench.execute(0, {99}) == -ENOENT);
  CHECK(bench.execute(0, {bench.bo(4096)}) == -EINVAL);  // not sliced
  CHECK(bench.execute(0, {r.handle, r.handle}) == -EINVAL);
  CHECK(bench.execute(0, {r.handle}) == 0);
  CHECK(bench.execute(0, {r.handle}) == -EINVAL);  // queued already
}

TEST_CASE("dead registers are ENODEV") {
  Running r;
  r.registers()[0] = 0xFFFFFFFF;
  CHECK(r.bench->execute(0, {r.handle}) == -ENODEV);
  r.registers()[0] = 0;
  r.registers()[1] = 0xFFFFFFFF;
  CHECK(r.bench->execute(0, {r.handle}) == -ENODEV);
}

// kernel-interface §10, quirk 4
TEST_CASE("a batch that fails midway publishes nothing and leaves the first ones unsignalled") {
  Running r;
  CHECK(r.bench->execute(0, {r.handle, 99}) == -ENOENT);
  CHECK(r.registers()[1] == 0);
  CHECK(r.bench->start_wait(r.handle, 0, 10) == std::nullopt);
  r.bench->pass(milliseconds(10));
  CHECK(r.bench->ended_with(r.bench->last_call) == -ETIMEDOUT);
  // Not queued, so it runs; its request id was used up.
  CHECK(r.bench->execute(0, {r.handle}) == 0);
  CHECK(r.bench->script.element(0, 0).req_id == 1);
  r.bench->script.run(0);
  r.bench->deliver();
  CHECK(r.bench->wait(r.handle, 0) == 0);
}

TEST_CASE("a full queue is EAGAIN for the whole batch, and runs after completions") {
  Running r(4);
  const auto second = r.sliced(2);
  const auto third = r.sliced(1);
  CHECK(r.bench->execute(0, {r.handle, second, third}) == -EAGAIN);
  CHECK(r.registers()[1] == 0);
  CHECK(r.bench->execute(0, {r.handle, second}) == 0);
  CHECK(r.bench->execute(0, {third}) == -EAGAIN);
  r.bench->script.run(0);
  r.bench->deliver();
  CHECK(r.bench->execute(0, {third}) == 0);
  CHECK(r.registers()[1] == 0);  // wrapped
}

TEST_CASE("a BO is complete after one response for each slice") {
  Running r(8, 3);
  CHECK(r.bench->execute(0, {r.handle}) == 0);
  CHECK(r.bench->start_wait(r.handle, 0) == std::nullopt);
  r.bench->script.respond(0, 0);
  r.bench->script.respond(0, 77);  // nobody's
  r.bench->script.respond(0, 0, 5);
  r.bench->deliver();
  CHECK(r.bench->ended.empty());
  CHECK(r.registers()[2] == 3);
  r.bench->script.respond(0, 0);
  r.bench->deliver();
  CHECK(r.bench->ended_with(r.bench->last_call) == 0);  // the error of the second is dropped
}

TEST_CASE("completion before the call returns is seen by the next wait") {
  Running r;
  r.bench->script.runs_at_once = true;
  for (int i = 0; i < 20; ++i) {
    CHECK(r.bench->execute(0, {r.handle}) == 0);
    CHECK(r.bench->wait(r.handle, 0) == 0);
  }
  CHECK(r.bench->script.element(0, 3).req_id == 19);
}

TEST_CASE("wait checks its arguments; a BO that never ran is complete") {
  Running r;
  auto& bench = *r.bench;
  const auto wait = [&](Wait args) { return bench.ioctl(kIoctlWaitBo, args); };
  CHECK(wait({r.handle, 0, 0, 1}) == -EINVAL);
  CHECK(wait({r.handle, 0, 16, 0}) == -EINVAL);
  CHECK(wait({r.handle, 0, 1, 0}) == -EPERM);
  CHECK(wait({99, 0, 0, 0}) == -ENOENT);
  CHECK(wait({r.handle, 0, 0, 0}) == 0);
  CHECK(wait({bench.bo(4096), 0, 0, 0}) == 0);
}

TEST_CASE("wait ends with its timeout, the module's if none is given, and the BO stays queued") {
  Parameters parameters;
  parameters.wait_exec_default_timeout = milliseconds(50);
  Running r(8, 1, parameters);
  CHECK(r.bench->execute(0, {r.handle}) == 0);
  CHECK(r.bench->start_wait(r.handle, 0) == std::nullopt);
  const CallId first = r.bench->last_call;
  CHECK(r.bench->start_wait(r.handle, 0, 80) == std::nullopt);
  const CallId second = r.bench->last_call;
  CHECK(r.bench->driver.next_deadline() == milliseconds(1050));
  r.bench->pass(milliseconds(49));
  CHECK(r.bench->ended.empty());
  r.bench->pass(milliseconds(1));
  CHECK(r.bench->ended_with(first) == -ETIMEDOUT);
  CHECK_FALSE(r.bench->ended_with(second));
  CHECK(r.bench->detach(r.handle) == -EBUSY);
  r.bench->script.run(0);
  r.bench->deliver();
  CHECK(r.bench->ended_with(second) == 0);
}

TEST_CASE("an interrupted wait ends without an answer and others go on") {
  Running r;
  CHECK(r.bench->execute(0, {r.handle}) == 0);
  CHECK(r.bench->start_wait(r.handle, 0) == std::nullopt);
  const CallId first = r.bench->last_call;
  CHECK(r.bench->start_wait(r.handle, 0) == std::nullopt);
  r.bench->driver.interrupt(first);
  r.bench->driver.interrupt(CallId{12345});  // nobody's
  r.bench->script.run(0);
  r.bench->deliver();
  CHECK_FALSE(r.bench->ended_with(first));
  CHECK(r.bench->ended_with(r.bench->last_call) == 0);
}

TEST_CASE("sleepers of a BO that is flushed find the channel gone") {
  Running r;
  CHECK(r.bench->execute(0, {r.handle}) == 0);
  CHECK(r.bench->start_wait(r.handle, 0) == std::nullopt);
  const CallId waiting = r.bench->last_call;
  // The card deactivates in a message that does not give the channel up here.
  r.bench->script.answers.push_back(
      [](const CardScript::Message& request) { return Reply(request.sequence()).deactivate(0, 0).bytes(); });
  CHECK(r.bench->manage(passthrough({11, 0}), 1) == 0);
  CHECK(r.bench->ended_with(waiting) == -EPERM);
}

TEST_CASE("partial execution by offset") {
  Running r(16, 3);
  auto& bench = *r.bench;
  const auto partial = [&](std::uint64_t resize) {
    r.registers() = {};
    const int result = bench.execute_partial(0, {{r.handle, 1, resize}});
    bench.script.run(0);
    bench.deliver();
    return result;
  };
  CHECK(partial(0x3001) == -EINVAL);
  CHECK(partial(0x3000) == 0);
  CHECK(bench.script.element(0, 2).len == 0x1000u);
  CHECK(partial(0x2001) == 0);
  CHECK(bench.script.element(0, 1).cmd == 0x19);
  CHECK(bench.script.element(0, 2).cmd == 0x19);
  CHECK(bench.script.element(0, 2).len == 1u);
  CHECK(partial(0x1000) == 0);
  CHECK(bench.script.element(0, 0).cmd == 0x19);
  CHECK(bench.script.element(0, 1).cmd == 0x18);
  CHECK(bench.script.element(0, 1).len == 0u);
  CHECK(partial(0) == 0);
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(bench.script.element(0, i).cmd == 0x18);
  CHECK(r.registers()[0] == 3);
  CHECK(bench.wait(r.handle, 0) == 0);
}

// kernel-interface §10, quirk 3
TEST_CASE("a fragmented BO that transfers nothing never completes") {
  Parameters parameters;
  parameters.bo_segment_bytes = 4096;
  auto bench = Bench::opened(parameters);
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(0x2000);
  REQUIRE(bench->attach(handle, 0, {slice_of(0x2000)}) == 0);
  CHECK(bench->execute_partial(0, {{handle, 1, 0}}) == 0);
  bench->script.run(0);
  bench->deliver();
  CHECK(bench->start_wait(handle, 0, 5) == std::nullopt);
  bench->pass(milliseconds(5));
  CHECK(bench->ended_with(bench->last_call) == -ETIMEDOUT);
  CHECK(bench->deactivate(0) == 0);
}

// kernel-interface §10, quirk 15
TEST_CASE("a BO sliced for one channel runs on another of the same file") {
  Running r;
  REQUIRE(r.bench->activate(1, 8) == 0);
  CHECK(r.bench->execute(1, {r.handle}) == 0);
  CHECK(r.bench->script.channels[1].registers[1] == 1);
  r.bench->script.run(1);
  r.bench->deliver();
  CHECK(r.bench->wait(r.handle, 0) == 0);
}

TEST_CASE("performance figures of the latest submission") {
  Running r(16, 2);
  auto& bench = *r.bench;
  const auto second = r.sliced(3);
  const auto stats = [&](std::uint32_t dbc, std::vector<std::uint32_t> handles) {
    for (std::size_t i = 0; i < handles.size(); ++i) {
      bench.client->put(Bench::kEntries + i * 24, PerfStatsEntry{handles[i], 9, 9, 9, 9, 9});
    }
    PerfStats args{static_cast<std::uint16_t>(handles.size()), 7, dbc, Bench::kEntries};
    return bench.ioctl(kIoctlPerfStatsBo, args);
  };
  CHECK(stats(16, {r.handle}) == -EINVAL);
  CHECK(stats(0, {r.handle, 99}) == -ENOENT);
  CHECK(bench.client->get<PerfStatsEntry>(Bench::kEntries).num_queue_element == 9);  // not copied back
  CHECK(stats(1, {r.handle}) == -EINVAL);
  CHECK(stats(0, {bench.bo(4096)}) == -EINVAL);
  CHECK(stats(0, {}) == 0);
  PerfStats unreadable{1, 0, 0, 8};
  CHECK(bench.ioctl(kIoctlPerfStatsBo, unreadable) == -EFAULT);

  CHECK(bench.execute(0, {r.handle, second}) == 0);
  CHECK(stats(0, {second, r.handle}) == 0);
  auto first = bench.client->get<PerfStatsEntry>(Bench::kEntries);
  CHECK(first.handle == second);
  CHECK(first.queue_level_before == 2);
  CHECK(first.num_queue_element == 3);
  CHECK(first.device_latency_us == 0);  // not complete
  CHECK(first.pad == 9);
  CHECK(bench.client->get<PerfStatsEntry>(Bench::kEntries + 24).queue_level_before == 0);
  bench.pass(milliseconds(3));
  bench.script.run(0);
  bench.deliver();
  CHECK(stats(0, {second}) == 0);
  first = bench.client->get<PerfStatsEntry>(Bench::kEntries);
  CHECK(first.device_latency_us == 3000);
  CHECK(first.submit_latency_us == 0);
}
