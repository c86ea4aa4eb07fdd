#include "os/received_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace qaic::os {

std::optional<FileObject> file_object(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY) return std::nullopt;
  return FileObject{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                    (flags & O_ACCMODE) == O_RDWR};
}

bool tame_event(int fd) {
  struct stat status {};
  // The kernel's anonymous inodes, eventfd among them, have no file type.
  if (::fstat(fd, &status) != 0 || (status.st_mode & S_IFMT) != 0) return false;
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace qaic::os
