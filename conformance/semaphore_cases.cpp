// The six semaphore commands before and after a transfer: kernel-interface
// §3.3. What a command did is seen by who gets past it: a chain of elements that
// must all complete, and an element that must not.
#include <cerrno>
#include <vector>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;
using Command = uapi::SemaphoreCommand;

constexpr std::uint8_t kIndex = 4;
constexpr std::uint32_t kSoonMs = 3000;
constexpr std::uint32_t kNotYetMs = 150;

// One element without data that carries these semaphore commands.
std::optional<Bo> element(Run& run, const Session& session, std::initializer_list<uapi::Semaphore> commands) {
  auto entry = slice(0, 0);
  std::size_t place = 0;
  for (const auto& command : commands) entry.sem[place++] = command;
  return attached(run, session, Direction::to_device, 4096, {&entry, 1});
}

void step(Run& run, const Session& session, std::string_view what,
          std::initializer_list<uapi::Semaphore> commands, int expected = 0) {
  const auto bo = element(run, session, commands);
  if (!bo) return;
  run.result(what, execute_and_wait(session, *bo, expected == 0 ? kSoonMs : kNotYetMs), expected);
}

uapi::Semaphore before(Command command, std::uint16_t value = 0, std::uint8_t index = kIndex) {
  return semaphore(Sync::pre, command, index, value);
}
uapi::Semaphore after(Command command, std::uint16_t value = 0, std::uint8_t index = kIndex) {
  return semaphore(Sync::post, command, index, value);
}

void init_and_wait_equal(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-3", {after(Command::init, 3)});
  step(run, *session, "pre-equal-3", {before(Command::wait_equal, 3)});
  step(run, *session, "pre-equal-3-again", {before(Command::wait_equal, 3)});
  step(run, *session, "pre-equal-4", {before(Command::wait_equal, 4)}, -ETIMEDOUT);
}

void increment(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-7", {after(Command::init, 7)});
  step(run, *session, "post-inc", {after(Command::inc)});
  step(run, *session, "pre-equal-8", {before(Command::wait_equal, 8)});
  step(run, *session, "pre-inc", {before(Command::inc)});
  step(run, *session, "pre-equal-9", {before(Command::wait_equal, 9)});
}

void decrement(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-7", {after(Command::init, 7)});
  step(run, *session, "post-dec", {after(Command::dec)});
  step(run, *session, "pre-equal-6", {before(Command::wait_equal, 6)});
  step(run, *session, "pre-dec", {before(Command::dec)});
  step(run, *session, "pre-equal-5", {before(Command::wait_equal, 5)});
}

void wait_greater_or_equal(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "pre-init-5", {before(Command::init, 5)});
  step(run, *session, "pre-ge-4", {before(Command::wait_gt_eq, 4)});
  step(run, *session, "pre-ge-5", {before(Command::wait_gt_eq, 5)});
  step(run, *session, "value-is-kept", {before(Command::wait_equal, 5)});
  step(run, *session, "pre-ge-6", {before(Command::wait_gt_eq, 6)}, -ETIMEDOUT);
}

void wait_greater_0_takes_one(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-2", {after(Command::init, 2)});
  step(run, *session, "pre-gt0", {before(Command::wait_gt_0)});
  step(run, *session, "pre-equal-1", {before(Command::wait_equal, 1)});
  step(run, *session, "pre-gt0-again", {before(Command::wait_gt_0)});
  step(run, *session, "pre-equal-0", {before(Command::wait_equal, 0)});
  step(run, *session, "pre-gt0-at-0", {before(Command::wait_gt_0)}, -ETIMEDOUT);
}

void waits_after_the_transfer(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-2", {after(Command::init, 2)});
  step(run, *session, "post-equal-2", {after(Command::wait_equal, 2)});
  step(run, *session, "post-ge-1", {after(Command::wait_gt_eq, 1)});
  step(run, *session, "post-gt0", {after(Command::wait_gt_0)});
  step(run, *session, "pre-equal-1", {before(Command::wait_equal, 1)});
  step(run, *session, "post-equal-9", {after(Command::wait_equal, 9)}, -ETIMEDOUT);
}

void nop_changes_nothing(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "post-init-1", {after(Command::init, 1)});
  step(run, *session, "nop", {after(Command::nop, 9)});
  step(run, *session, "pre-equal-1", {before(Command::wait_equal, 1)});
}

void four_commands_of_one_element(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  step(run, *session, "init-all",
       {after(Command::init, 1, 4), after(Command::init, 2, 5), after(Command::init, 3, 6),
        after(Command::init, 4, 7)});
  step(run, *session, "pre-and-three-posts",
       {before(Command::wait_equal, 1, 4), after(Command::inc, 0, 5), after(Command::dec, 0, 6),
        after(Command::init, 9, 7)});
  step(run, *session, "sem5", {before(Command::wait_equal, 3, 5)});
  step(run, *session, "sem6", {before(Command::wait_equal, 2, 6)});
  step(run, *session, "sem7", {before(Command::wait_equal, 9, 7)});
}

void presync_holds_the_transfer(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  step(run, *session, "init-0", {after(Command::init, 0)});
  auto gated = slice(64, at);
  gated.sem[0] = before(Command::wait_gt_0);
  const auto bo = attached(run, *session, Direction::to_device, 4096, {&gated, 1});
  if (!bo) return;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {bo->handle}), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle, kNotYetMs), -ETIMEDOUT);
}

// The element that raises the semaphore stands before the one that waits.
void one_element_lets_the_next_pass(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  step(run, *session, "init-0", {after(Command::init, 0)});
  auto raise = slice(4096, at);
  raise.sem[0] = after(Command::inc);
  auto take = slice(4096, at);
  take.sem[0] = before(Command::wait_gt_0);
  const auto out = attached(run, *session, Direction::to_device, 4096, {&raise, 1});
  const auto in = attached(run, *session, Direction::from_device, 4096, {&take, 1});
  if (!out || !in) return;
  out->fill(11);
  run.result("EXECUTE_BO", node.execute(channel.dbc, {out->handle, in->handle}), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, in->handle, kSoonMs), 0);
  run.holds("same-bytes", same(out->bytes(), in->bytes()));
  step(run, *session, "taken", {before(Command::wait_equal, 0)});
}

void fences(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  auto fenced = slice(64, at);
  fenced.sem[0] = after(Command::inc);
  fenced.sem[0].flags = uapi::kSemaphoreInSyncFence | uapi::kSemaphoreOutSyncFence;
  const auto bo = attached(run, *session, Direction::to_device, 4096, {&fenced, 1});
  const auto large = attached(run, *session, Direction::to_device, 1 << 20, at);
  if (!bo || !large) return;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {large->handle, bo->handle}), 0);
  run.result("WAIT_BO-fenced", node.wait(channel.dbc, bo->handle, kSoonMs), 0);
  run.result("WAIT_BO-before-it", node.wait(channel.dbc, large->handle, kSoonMs), 0);
}

constexpr Case kCases[] = {
    {"semaphore.init_and_wait_equal", init_and_wait_equal},
    {"semaphore.increment", increment},
    {"semaphore.decrement", decrement},
    {"semaphore.wait_greater_or_equal", wait_greater_or_equal},
    {"semaphore.wait_greater_0_takes_one", wait_greater_0_takes_one},
    {"semaphore.waits_after_the_transfer", waits_after_the_transfer},
    {"semaphore.nop_changes_nothing", nop_changes_nothing},
    {"semaphore.four_commands_of_one_element", four_commands_of_one_element},
    {"semaphore.presync_holds_the_transfer", presync_holds_the_transfer},
    {"semaphore.one_element_lets_the_next_pass", one_element_lets_the_next_pass},
    {"semaphore.fences", fences},
};

}  // namespace

std::span<const Case> semaphore_cases() {
  return kCases;
}

}  // namespace qaic::conformance
