// An owned file descriptor, and the calls that take one.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.hpp"

namespace qaic::os {

// Owns one file descriptor; closes it when it goes. Move-only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// One ioctl call: 0 or a positive result, or -errno. Never repeats: what EINTR
// and EAGAIN mean is each caller's own matter.
[[nodiscard]] int ioctl_once(int fd, std::uint32_t request, void* argument);

// A copy of `fd` with close-on-exec.
[[nodiscard]] base::Result<Fd> duplicate(int fd);

}  // namespace qaic::os
