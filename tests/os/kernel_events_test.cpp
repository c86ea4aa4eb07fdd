#include "os/kernel_events.hpp"

#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "os/namespace.hpp"
#include "tests/os/in_child.hpp"

using namespace qaic::os;
using qaic::tests::in_child;
using qaic::tests::kNotAllowed;

TEST_CASE("a listener is told what is announced, as a genuine uevent") {
  const int code = in_child([] {
    if (!may_make_namespaces() && !enter_user_namespace()) return kNotAllowed;
    if (!enter_network_namespace()) return kNotAllowed;
    auto events = KernelEvents::create();
    if (!events) return 1;
    Fd listener;
    if (events->listener_socket(SOCK_RAW | SOCK_NONBLOCK, listener) != 0) return 2;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1;  // the kernel's
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 3;
    if (!events->announce("change", "/devices/x", {{"ACTION", "change"}, {"DBC_ID", "3"}})) return 4;
    std::array<char, 4096> buffer{};
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t count = ::recvfrom(listener.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&sender), &size);
    if (count <= 0) return 5;
    if (sender.nl_pid != 0) return 6;  // from the kernel
    const std::string text(buffer.data(), static_cast<std::size_t>(count));
    if (!text.starts_with(std::string("change@/devices/x") + '\0' + "ACTION=change" + '\0' + "DBC_ID=3" +
                          '\0')) {
      return 7;
    }
    return text.find("SEQNUM=") == std::string::npos ? 8 : 0;
  });
  if (code == kNotAllowed) {
    MESSAGE("this host lets nobody make a network namespace");
    return;
  }
  CHECK(code == 0);
}
