// WAIT_BO: kernel-interface §1.6, §1.10.
#include <signal.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;
using Milliseconds = std::chrono::milliseconds;

void header_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  uapi::Wait wait{bo->handle, 100, channel.dbc, 1};
  run.result("pad-1", node.call(uapi::kIoctlWaitBo, wait), -EINVAL);
  run.result("dbc-16", node.wait(16, bo->handle, 100), -EINVAL);
  run.result("dbc-not-owned", node.wait(channel.dbc == 15 ? 14 : 15, bo->handle, 100), -EPERM);
  run.result("no-such-handle", node.wait(channel.dbc, 77, 100), -ENOENT);
}

void never_executed(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  const auto loose = Bo::make(run, node, 4096);
  if (!bo || !loose) return;
  run.result("sliced", node.wait(channel.dbc, bo->handle, 100), 0);
  run.result("not-sliced", node.wait(channel.dbc, loose->handle, 100), 0);
}

void twice(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  run.result("WAIT_BO-again", node.wait(channel.dbc, bo->handle, 100), 0);
}

void timeout(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  const auto start = std::chrono::steady_clock::now();
  run.result("200-ms", node.wait(channel.dbc, bo->handle, 200), -ETIMEDOUT);
  const auto took = std::chrono::steady_clock::now() - start;
  // The kernel's tick may cut a few milliseconds off.
  run.holds("not-before-190-ms", took >= Milliseconds(190));
  run.holds("within-2-s", took <= Milliseconds(2000));
}

void default_timeout(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  const auto start = std::chrono::steady_clock::now();
  run.result("0-ms", node.wait(channel.dbc, bo->handle, 0), -ETIMEDOUT);
  const auto took = std::chrono::steady_clock::now() - start;
  run.holds("not-before-4.9-s", took >= Milliseconds(4900));
  run.holds("within-8-s", took <= Milliseconds(8000));
}

void a_signal_ends_it(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  struct sigaction action {};
  action.sa_handler = [](int) {};
  if (!run.prepared("sigaction", ::sigaction(SIGALRM, &action, nullptr) < 0 ? -errno : 0)) return;
  itimerval soon{};
  soon.it_value.tv_usec = 100000;
  if (!run.prepared("setitimer", ::setitimer(ITIMER_REAL, &soon, nullptr) < 0 ? -errno : 0)) return;
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle, 4000), -EINTR);
}

void without_any_dbc(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 4096);
  if (!bo) return;
  run.result("WAIT_BO", node->wait(15, bo->handle, 100), -EPERM);
}

constexpr Case kCases[] = {
    {"wait.without_any_dbc", without_any_dbc},
    {"wait.header_fields", header_fields},
    {"wait.never_executed", never_executed},
    {"wait.twice", twice},
    {"wait.timeout", timeout},
    {"wait.default_timeout", default_timeout},
    {"wait.a_signal_ends_it", a_signal_ends_it},
};

}  // namespace

std::span<const Case> wait_cases() {
  return kCases;
}

}  // namespace qaic::conformance
