// Bytes over a UNIX socket, and the file descriptors that go with them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "os/fd.hpp"

namespace qaic::os {

inline constexpr std::size_t kMaxPassedFds = 16;

struct Passed {
  std::size_t bytes = 0;
  int error = 0;          // errno; 0: none
  bool fds_lost = false;  // descriptors came that this process could not take
};

// One sendmsg, again after EINTR. Of the descriptors at most kMaxPassedFds go.
[[nodiscard]] Passed send_with_fds(int socket, base::Bytes bytes, std::span<const int> fds);

// One recvmsg, again after EINTR. Descriptors are appended, close-on-exec.
[[nodiscard]] Passed receive_with_fds(int socket, base::MutableBytes into, std::vector<Fd>& fds);

}  // namespace qaic::os
