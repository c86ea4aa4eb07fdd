#include "os/fd.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace qaic::os {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

int ioctl_once(int fd, std::uint32_t request, void* argument) {
  const int result = ::ioctl(fd, static_cast<unsigned long>(request), argument);
  return result < 0 ? -errno : result;
}

base::Result<Fd> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    return base::fail(base::system_error(errno, "fd-duplicate", "cannot duplicate a file descriptor"));
  }
  return Fd(copy);
}

}  // namespace qaic::os
