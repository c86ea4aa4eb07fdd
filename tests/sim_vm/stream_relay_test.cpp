#include "sim/vm/stream_relay.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "os/child.hpp"
#include "tests/os/in_child.hpp"

using namespace qaic;

namespace {

// In a process of its own, with `descriptor` as its `stream`: the first error of
// writing there, 255 if anything is still pending then.
int error_of_writing(int stream, int descriptor) {
  std::cout.flush();  // or the child may write what the test runner has said so far
  return tests::in_child([&] {
    (void)::signal(SIGPIPE, SIG_IGN);
    if (::dup2(descriptor, stream) < 0) return 254;
    sim::vm::StreamRelay relay;
    if (stream == STDOUT_FILENO) relay.put_output("said");
    if (stream == STDERR_FILENO) relay.put_error("said");
    relay.write_pending();
    return relay.empty() ? relay.write_error() : 255;
  });
}

}  // namespace

TEST_CASE("what somebody reads is written without an error") {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  CHECK(error_of_writing(STDOUT_FILENO, pipe->write_end.get()) == 0);
  CHECK(error_of_writing(STDERR_FILENO, pipe->write_end.get()) == 0);
  pipe->write_end.reset();
  std::string read;
  CHECK(os::read_available(pipe->read_end.get(), read));
  CHECK(read == "saidsaid");
}

TEST_CASE("a stream that nobody reads any more is known by its error") {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  pipe->read_end.reset();
  CHECK(error_of_writing(STDOUT_FILENO, pipe->write_end.get()) == EPIPE);
  CHECK(error_of_writing(STDERR_FILENO, pipe->write_end.get()) == EPIPE);
}

TEST_CASE("output that finds no space is known by its error") {
  const os::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.valid());
  CHECK(error_of_writing(STDOUT_FILENO, full.get()) == ENOSPC);
}
