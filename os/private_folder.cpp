#include "os/private_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace qaic::os {

namespace {

bool is_own_folder(const char* path) {
  struct stat info {};
  return ::lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

}  // namespace

std::string runtime_folder(const std::string& name) {
  const char* folder = ::getenv("XDG_RUNTIME_DIR");
  if (folder != nullptr && folder[0] == '/' && is_own_folder(folder)) return std::string(folder) + "/" + name;
  return "/tmp/" + name + "-" + std::to_string(::geteuid());
}

base::Result<void> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail(base::system_error(errno, "private-folder", "cannot make the folder " + path));
  }
  struct stat info {};
  if (!is_own_folder(path.c_str()) || ::lstat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
    return base::fail(base::make_error(base::ErrorKind::permission, "private-folder",
                                       path + " is not a folder that only its user may reach",
                                       "remove it, or set XDG_RUNTIME_DIR to a folder of your own"));
  }
  return {};
}

base::Result<Fd> open_log(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
  if (!fd.valid()) return base::fail(base::system_error(errno, "file-open", "cannot open the log " + path));
  return fd;
}

}  // namespace qaic::os
