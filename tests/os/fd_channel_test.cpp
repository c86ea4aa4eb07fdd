#include "os/fd_channel.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "os/foreign_process.hpp"

using namespace qaic::os;

TEST_CASE("messages keep their borders and carry descriptors") {
  auto ends = FdChannel::pair();
  REQUIRE(ends);
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Fd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const std::array fds{null.get(), zero.get()};
  REQUIRE(ends->first.send("one", fds));
  REQUIRE(ends->first.send("two"));
  const auto one = ends->second.receive();
  REQUIRE(one);
  CHECK(one->text == "one");
  REQUIRE(one->fds.size() == 2);
  CHECK(identity_of_fd(one->fds[0].get()) == identity_of_fd(null.get()));
  CHECK(identity_of_fd(one->fds[1].get()) == identity_of_fd(zero.get()));
  CHECK((::fcntl(one->fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  const auto two = ends->second.receive();
  REQUIRE(two);
  CHECK(two->text == "two");
  CHECK(two->fds.empty());
}

TEST_CASE("a closed end reads as an empty message") {
  auto ends = FdChannel::pair();
  REQUIRE(ends);
  ends->first = FdChannel(Fd());
  const auto message = ends->second.receive();
  REQUIRE(message);
  CHECK(message->text.empty());
}
