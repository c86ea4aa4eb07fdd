#include "os/passed_fds.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace qaic::os {
namespace {

struct alignas(cmsghdr) ControlSpace {
  std::array<char, CMSG_SPACE(kMaxPassedFds * sizeof(int))> bytes;
};

// Until it is not interrupted.
template <class Call>
Passed repeated(Call call) {
  while (true) {
    const ssize_t count = call();
    const int error = errno;
    if (count >= 0) return {static_cast<std::size_t>(count), 0, false};
    if (error != EINTR) return {0, error, false};
  }
}

}  // namespace

Passed send_with_fds(int socket, base::Bytes bytes, std::span<const int> fds) {
  fds = fds.first(std::min(fds.size(), kMaxPassedFds));
  iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
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
  return repeated([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
}

Passed receive_with_fds(int socket, base::MutableBytes into, std::vector<Fd>& fds) {
  iovec data{into.data(), into.size()};
  ControlSpace control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  Passed out = repeated([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (out.error != 0) return out;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < number; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  out.fds_lost = (message.msg_flags & MSG_CTRUNC) != 0;
  return out;
}

}  // namespace qaic::os
