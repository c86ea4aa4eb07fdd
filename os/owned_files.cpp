#include "os/owned_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "os/fd.hpp"

namespace qaic::os {

std::optional<FileIdentity> identity_at(int folder, const std::string& name) {
  struct stat info {};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

void overwrite_at(int folder, const std::string& path, std::string_view text) {
  const Fd fd(::openat(folder, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return;
  (void)!::pwrite(fd.get(), text.data(), text.size(), 0);
  (void)!::ftruncate(fd.get(), static_cast<off_t>(text.size()));
}

std::optional<Permissions> permissions_at(int folder, const std::string& path) {
  struct stat info {};
  if (::fstatat(folder, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return std::nullopt;
  return Permissions{static_cast<unsigned>(info.st_mode & 07777U), static_cast<unsigned>(info.st_uid)};
}

bool permits(const Permissions& permissions, unsigned user, unsigned wanted) {
  const unsigned granted = user == permissions.user ? permissions.mode >> 6U : permissions.mode;
  return user == 0 || (granted & wanted) == wanted;
}

std::uint64_t file_end(int fd) {
  const off_t at = ::lseek(fd, 0, SEEK_END);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

std::uint64_t file_position(int fd) {
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

void set_file_position(int fd, std::uint64_t position) {
  (void)::lseek(fd, static_cast<off_t>(position), SEEK_SET);
}

std::optional<std::string> working_folder() {
  std::array<char, PATH_MAX> path;
  if (::getcwd(path.data(), path.size()) == nullptr) return std::nullopt;
  return std::string(path.data());
}

void change_folder(const std::string& path) {
  (void)!::chdir(path.c_str());
}

}  // namespace qaic::os
