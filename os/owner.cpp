#include "os/owner.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace qaic::os {

base::Result<Owner> file_owner(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) {
    return base::fail(base::system_error(errno, "file-stat", "cannot look at " + path));
  }
  Owner owner{std::to_string(info.st_uid), std::to_string(info.st_gid), info.st_mode & 07777};
  std::array<char, 4096> text;
  passwd user{};
  passwd* found_user = nullptr;
  if (::getpwuid_r(info.st_uid, &user, text.data(), text.size(), &found_user) == 0 && found_user != nullptr) {
    owner.user = user.pw_name;
  }
  group members{};
  group* found_group = nullptr;
  if (::getgrgid_r(info.st_gid, &members, text.data(), text.size(), &found_group) == 0 &&
      found_group != nullptr) {
    owner.group = members.gr_name;
  }
  return owner;
}

}  // namespace qaic::os
