// Genuine kernel uevents in a network namespace of our own: a program that
// listens there is told what this process announces (netlink(7),
// NETLINK_KOBJECT_UEVENT).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

class KernelEvents {
 public:
  // To be called in the network namespace, by its owner.
  static base::Result<KernelEvents> create();

  // A socket in this network namespace for a listener; `type` as in socket(2).
  // -errno on failure.
  [[nodiscard]] int listener_socket(int type, Fd& out) const;

  // Announces `action` on the device at `path` below /sys.
  [[nodiscard]] base::Result<void> announce(
      std::string_view action, std::string_view path,
      const std::vector<std::pair<std::string, std::string>>& environment);

 private:
  explicit KernelEvents(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace qaic::os
