#include "os/close_watch.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

Result<CloseWatch> CloseWatch::create() {
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return fail(system_error(errno, "close-watch", "cannot watch files",
                             "raise it with: sysctl fs.inotify.max_user_instances=1024"));
  }
  return CloseWatch(std::move(fd));
}

Result<int> CloseWatch::add(int file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), IN_CLOSE);
  if (watch < 0) return fail(system_error(errno, "close-watch", "cannot watch a file"));
  return watch;
}

void CloseWatch::remove(int watch) {
  (void)::inotify_rm_watch(fd_.get(), watch);
}

std::vector<int> CloseWatch::take_closed() {
  std::vector<int> out;
  alignas(inotify_event) std::array<std::byte, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(count);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      at += sizeof event + event.len;
      if ((event.mask & IN_CLOSE) != 0) out.push_back(event.wd);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool open_only_here(int file) {
  // The kernel grants a write lease only on a file that nobody else has open.
  if (::fcntl(file, F_SETLEASE, F_WRLCK) < 0) return false;
  (void)::fcntl(file, F_SETLEASE, F_UNLCK);
  return true;
}

}  // namespace qaic::os
