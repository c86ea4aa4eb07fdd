// The worker is /bin/sh; it reports on descriptor 3.
#include "os/worker.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "os/child.hpp"
#include "tests/os/in_child.hpp"

using namespace qaic;
using Heard = os::Worker::Heard;

namespace {

auto in(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

os::Worker shell(const std::string& script) {
  auto worker = os::Worker::start("/bin/sh", {"sh", "-c", script});
  REQUIRE(worker);
  return std::move(*worker);
}

struct Told {
  Heard heard;
  std::string text;
  int signal;
};

Told next(os::Worker& worker, int milliseconds = 20000) {
  base::ByteVector out(16);
  const auto event = worker.next(out, in(milliseconds));
  return {event.heard, std::string(base::as_text(base::Bytes(out).first(event.count))), event.signal};
}

}  // namespace

TEST_CASE("what a worker reported is heard before its end, and its exit code after") {
  auto worker = shell("printf abc >&3; exit 7");
  const auto report = next(worker);
  CHECK(report.heard == Heard::report);
  CHECK(report.text == "abc");
  CHECK(next(worker).heard == Heard::end);
  CHECK(worker.status().code == 7);
  CHECK(worker.status().signal == 0);
}

TEST_CASE("a worker that a signal ended is told apart from one that exits") {
  auto worker = shell("kill -TERM $$; sleep 60");
  CHECK(next(worker).heard == Heard::end);
  CHECK(worker.status().signal == SIGTERM);
}

TEST_CASE("a worker that is silent is heard of at the deadline, also when it closed its pipe") {
  auto worker = shell("exec 3>&-; exec sleep 60");
  CHECK(next(worker, 50).heard == Heard::deadline);
  CHECK(next(worker, 50).heard == Heard::deadline);
  worker.abandon(in(20000));
  CHECK(next(worker).heard == Heard::end);
}

// A worker's files are closed just before it is gone: its starter may see that, and be
// told of its end before it looks for anything else.
TEST_CASE("the end of a worker is heard however it falls together with that of its pipe") {
  for (int round = 0; round < 1000; ++round) {
    auto worker = shell("exit 0");
    const auto began = std::chrono::steady_clock::now();
    REQUIRE(next(worker, 10000).heard == Heard::end);  // at the deadline, too, where it was not heard
    REQUIRE(std::chrono::steady_clock::now() - began < std::chrono::seconds(9));
  }
}

TEST_CASE("a worker that does not go when it is abandoned is killed") {
  auto worker = shell("trap '' USR1; printf ready >&3; while :; do sleep 0.01; done");
  CHECK(next(worker).text == "ready");
  worker.abandon(in(50));
  CHECK(next(worker).heard == Heard::end);
  CHECK(worker.status().signal == SIGKILL);
}

TEST_CASE("a signal to the starting process is an event, and can be handed on") {
  auto worker = shell("trap 'printf int >&3; exit 3' INT; printf ready >&3; while :; do sleep 0.01; done");
  CHECK(next(worker).text == "ready");
  ::kill(::getpid(), SIGINT);
  const auto event = next(worker);
  CHECK(event.heard == Heard::signal);
  CHECK(event.signal == SIGINT);
  worker.send(SIGINT);
  CHECK(next(worker).text == "int");
  CHECK(next(worker).heard == Heard::end);
  CHECK(worker.status().code == 3);
  worker.send(SIGINT);  // to nobody
}

TEST_CASE("a program that is not there cannot be a worker") {
  const auto worker = os::Worker::start("/no/such/program", {"program"});
  REQUIRE_FALSE(worker);
  CHECK(worker.error().id == "process-start");
}

TEST_CASE("without a starter that listens there is nothing to work for") {
  const int pipe_without_reader = qaic::tests::in_child([] {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], os::Worker::kReportFd) < 0) return 1;
    if (ends[0] != os::Worker::kReportFd) ::close(ends[0]);
    return os::end_with_starter() ? 2 : 0;
  });
  CHECK(pipe_without_reader == 0);
  const int nothing_there = qaic::tests::in_child([] {
    ::close(os::Worker::kReportFd);
    return os::end_with_starter() ? 2 : 0;
  });
  CHECK(nothing_there == 0);
}
