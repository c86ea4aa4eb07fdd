// A pair of connected ends over which processes send short messages and file
// descriptors.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

class FdChannel {
 public:
  struct Message {
    std::string text;
    std::vector<Fd> fds;  // close-on-exec
  };

  explicit FdChannel(Fd fd) : fd_(std::move(fd)) {}
  // Both ends, close-on-exec.
  static base::Result<std::pair<FdChannel, FdChannel>> pair();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // At most 4096 bytes and 16 descriptors. Error ids: fd-channel.
  [[nodiscard]] base::Result<void> send(std::string_view text, std::span<const int> fds = {}) const;
  // The next message; blocks. An empty text without descriptors means that the
  // other end is closed.
  [[nodiscard]] base::Result<Message> receive() const;

 private:
  Fd fd_;
};

}  // namespace qaic::os
