#include "os/fd_channel.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

namespace {

constexpr std::size_t kMaxFds = 16;
constexpr std::size_t kMaxText = 4096;

struct alignas(cmsghdr) ControlSpace {
  std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> bytes;
};

}  // namespace

Result<std::pair<FdChannel, FdChannel>> FdChannel::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail(system_error(errno, "fd-channel", "cannot make a pair of sockets"));
  }
  return std::pair(FdChannel(Fd(ends[0])), FdChannel(Fd(ends[1])));
}

Result<void> FdChannel::send(std::string_view text, std::span<const int> fds) const {
  text = text.substr(0, kMaxText);
  fds = fds.first(std::min(fds.size(), kMaxFds));
  iovec data{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  ControlSpace control{};
  if (!fds.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  if (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0) {
    return fail(system_error(errno, "fd-channel", "cannot send a message"));
  }
  return {};
}

Result<FdChannel::Message> FdChannel::receive() const {
  Message out;
  out.text.resize(kMaxText);
  iovec data{out.text.data(), out.text.size()};
  ControlSpace control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail(system_error(errno, "fd-channel", "cannot receive a message"));
  out.text.resize(static_cast<std::size_t>(count));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < number; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      out.fds.emplace_back(fd);
    }
  }
  return out;
}

}  // namespace qaic::os
