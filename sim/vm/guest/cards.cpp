#include "sim/vm/guest/cards.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "sim/vm/guest/system.hpp"

namespace qaic::sim::vm::guest {

Cards::Cards(unsigned expected, bool driver_built_in) : expected_(expected), built_in_(driver_built_in) {
  fd_ = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;  // the kernel's own
  if (fd_ < 0 || ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    give_up(std::string("cannot listen to uevents: ") + std::strerror(errno));
  }
}

void Cards::take_events() {
  std::array<char, 8192> message{};
  for (;;) {
    const ssize_t got = ::recv(fd_, message.data(), message.size() - 1, 0);
    if (got <= 0) return;
    message[static_cast<std::size_t>(got)] = '\0';
    // "online@/devices/…/accel/accel0", then the variables.
    const std::string_view head(message.data());
    const auto at = head.find('@');
    if (at == std::string_view::npos || head.find("/accel/accel") == std::string_view::npos) continue;
    const std::string device(head.substr(at + 1));
    if (head.substr(0, at) == "online") online_.insert(device);
    if (head.substr(0, at) == "offline" || head.substr(0, at) == "remove") online_.erase(device);
  }
}

unsigned Cards::online() const {
  if (!built_in_) return static_cast<unsigned>(online_.size());
  unsigned bound = 0;
  for (const std::string& name : names_in("/sys/bus/mhi/devices")) {
    if (name.ends_with("_QAIC_CONTROL") &&
        ::access(("/sys/bus/mhi/devices/" + name + "/driver").c_str(), F_OK) == 0) {
      ++bound;
    }
  }
  return bound;
}

}  // namespace qaic::sim::vm::guest
