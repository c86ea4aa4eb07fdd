#include "os/kernel_events.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

Result<KernelEvents> KernelEvents::create() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  if (!socket.valid()) return fail(system_error(errno, "uevent-socket", "cannot open a uevent socket"));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    return fail(system_error(errno, "uevent-socket", "cannot bind a uevent socket"));
  }
  return KernelEvents(std::move(socket));
}

int KernelEvents::listener_socket(int type, Fd& out) const {
  out = Fd(::socket(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  return out.valid() ? 0 : -errno;
}

Result<void> KernelEvents::announce(std::string_view action, std::string_view path,
                                    const std::vector<std::pair<std::string, std::string>>& environment) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += part;
    text += '\0';
  };
  add(std::string(action) + "@" + std::string(path));
  for (const auto& [name, value] : environment) add(name + "=" + value);

  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(text.size()));
  header.nlmsg_type = 0x10;  // lib/kobject_uevent.c accepts any type that is not a control message
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  header.nlmsg_seq = ++sequence_;
  std::string packet(NLMSG_HDRLEN, '\0');
  std::memcpy(packet.data(), &header, sizeof header);
  packet += text;

  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket_.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    return fail(system_error(errno, "uevent-send", "cannot announce a uevent"));
  }
  std::array<std::byte, 512> answer;
  const ssize_t count = ::recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (count >= static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(int))) {
    int error = 0;
    std::memcpy(&error, answer.data() + sizeof(nlmsghdr), sizeof error);
    if (error < 0) return fail(system_error(-error, "uevent-send", "the kernel refused a uevent"));
  }
  return {};
}

}  // namespace qaic::os
