#include "os/fd_channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/bytes.hpp"
#include "os/passed_fds.hpp"

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

namespace {

constexpr std::size_t kMaxText = 4096;

}  // namespace

Result<std::pair<FdChannel, FdChannel>> FdChannel::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail(system_error(errno, "fd-channel", "cannot make a pair of sockets"));
  }
  return std::pair(FdChannel(Fd(ends[0])), FdChannel(Fd(ends[1])));
}

Result<void> FdChannel::send(std::string_view text, std::span<const int> fds) const {
  const Passed sent = send_with_fds(fd_.get(), base::as_bytes(text.substr(0, kMaxText)), fds);
  if (sent.error != 0) return fail(system_error(sent.error, "fd-channel", "cannot send a message"));
  return {};
}

Result<FdChannel::Message> FdChannel::receive() const {
  Message out;
  out.text.resize(kMaxText);
  const Passed got = receive_with_fds(fd_.get(), std::as_writable_bytes(std::span(out.text)), out.fds);
  if (got.error != 0) return fail(system_error(got.error, "fd-channel", "cannot receive a message"));
  out.text.resize(got.bytes);
  return out;
}

}  // namespace qaic::os
