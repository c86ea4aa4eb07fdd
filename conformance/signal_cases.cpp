// Calls that a signal ends: kernel-interface §1.5, §1.10.
#include <signal.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>

#include "conformance/background.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// SIGALRM does nothing but end a call, after `first` and then every `interval`.
bool alarm_after(Run& run, std::chrono::microseconds first, std::chrono::microseconds interval, int flags) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = flags;
  if (!run.prepared("sigaction", ::sigaction(SIGALRM, &action, nullptr) < 0 ? -errno : 0)) return false;
  itimerval timer{};
  timer.it_value.tv_usec = first.count();
  timer.it_interval.tv_usec = interval.count();
  return run.prepared("setitimer", ::setitimer(ITIMER_REAL, &timer, nullptr) < 0 ? -errno : 0);
}

void stop_alarm() {
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
}

int ask_status(const Node& node) {
  Message message;
  message.add_header(uapi::TransactionType::status_from_user, 8, 8);
  return message.send(node);
}

int send_more_than_the_ring_holds(const Node& node) {
  Message message;
  for (int i = 0; i < 200; ++i) message.add_header(uapi::TransactionType::passthrough_from_user, 16, 16);
  return message.send(node);
}

// Sooner or later the alarm hits a request whose reply is under way.
void while_the_reply_is_awaited(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  if (!alarm_after(run, std::chrono::microseconds(50), std::chrono::microseconds(170), 0)) return;
  const auto deadline = steady_clock::now() + std::chrono::seconds(5);
  int result = 0;
  while (result == 0 && steady_clock::now() < deadline) result = ask_status(*node);
  stop_alarm();
  run.result("MANAGE", result, -EINTR);
  run.result("MANAGE-afterwards", ask_status(*node), 0);
}

// One message that finds no room holds the channel for two seconds.
void while_another_holds_the_channel(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);  // of the thread to come, which inherits it
  Background holder([&] { return send_more_than_the_ring_holds(*node); });
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  if (!alarm_after(run, milliseconds(300), std::chrono::microseconds(0), 0)) return;
  const auto start = steady_clock::now();
  run.result("MANAGE", ask_status(*node), -EINTR);
  run.holds("within-1-s", steady_clock::now() - start < milliseconds(1000));
  stop_alarm();
  run.result("MANAGE-of-the-holder", holder.result(), -EAGAIN);
  run.result("MANAGE-afterwards", ask_status(*node), 0);
}

void while_room_is_awaited(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  if (!alarm_after(run, milliseconds(300), std::chrono::microseconds(0), 0)) return;
  const auto start = steady_clock::now();
  run.result("MANAGE", send_more_than_the_ring_holds(*node), -EAGAIN);
  // Without the signal it would be 20 times 100 ms.
  run.holds("before-all-attempts", steady_clock::now() - start < milliseconds(1900));
}

// SA_RESTART: the kernel makes the call again, with the whole timeout.
void a_wait_that_is_restarted(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  if (!alarm_after(run, milliseconds(200), std::chrono::microseconds(0), SA_RESTART)) return;
  const auto start = steady_clock::now();
  run.result("WAIT_BO", session->node.wait(session->channel.dbc, bo->handle, 400), -ETIMEDOUT);
  run.holds("from-the-start-again", steady_clock::now() - start >= milliseconds(580));
}

void a_wait_that_is_not(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  if (!alarm_after(run, milliseconds(100), std::chrono::microseconds(0), 0)) return;
  run.result("WAIT_BO", session->node.wait(session->channel.dbc, bo->handle, 4000), -EINTR);
  run.result("EXECUTE_BO-still-queued", session->node.execute(session->channel.dbc, {bo->handle}), -EINVAL);
}

constexpr Case kCases[] = {
    {"signal.while_the_reply_is_awaited", while_the_reply_is_awaited},
    {"signal.while_another_holds_the_channel", while_another_holds_the_channel},
    {"signal.while_room_is_awaited", while_room_is_awaited},
    {"signal.a_wait_that_is_restarted", a_wait_that_is_restarted},
    {"signal.a_wait_that_is_not", a_wait_that_is_not},
};

}  // namespace

std::span<const Case> signal_cases() {
  return kCases;
}

}  // namespace qaic::conformance
