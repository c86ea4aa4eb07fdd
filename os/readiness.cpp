#include "os/readiness.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace qaic::os {

void wait_for(std::span<Watched> watched, std::optional<std::chrono::nanoseconds> at_most) {
  std::array<pollfd, 16> fds{};
  watched = watched.first(std::min(watched.size(), fds.size()));
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const int events = POLLIN | (watched[i].want_write ? POLLOUT : 0);
    fds[i] = {watched[i].fd, static_cast<short>(events), 0};
  }
  timespec timeout{};
  if (at_most) {
    const auto left = std::max(*at_most, std::chrono::nanoseconds{0});
    timeout.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
  }
  const int count = ::ppoll(fds.data(), watched.size(), at_most ? &timeout : nullptr, nullptr);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const int seen = count > 0 ? fds[i].revents : 0;
    watched[i].readable = (seen & (POLLIN | POLLHUP | POLLERR)) != 0;
    watched[i].writable = (seen & (POLLOUT | POLLHUP | POLLERR)) != 0;
  }
}

}  // namespace qaic::os
