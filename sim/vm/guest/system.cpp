#include "sim/vm/guest/system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace qaic::sim::vm::guest {

void power_off() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

void give_up(const std::string& reason) {
  const std::string line = "qaic-sim vm, in the guest: " + reason + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) {
    // There is no console: the machine going off says enough.
  }
  power_off();
}

void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0755);
    if (slash == std::string::npos) return;
  }
}

void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const std::string& options) {
  if (::mount(source, target.c_str(), type, flags, options.empty() ? nullptr : options.c_str()) < 0) {
    give_up("cannot mount " + std::string(source) + " at " + target + ": " + std::strerror(errno));
  }
}

std::string read_whole(const std::string& path) {
  std::string out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) break;
    out.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return out;
}

void copy_file(const std::string& from, const std::string& to) {
  const std::string content = read_whole(from);
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) give_up("cannot write " + to + ": " + std::strerror(errno));
  write_everything(fd, content);
  ::close(fd);
}

std::string load_module(const std::string& path, const std::string& parameters) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::strerror(errno);
  const long done = ::syscall(SYS_finit_module, fd, parameters.c_str(), 0);
  const int error = errno;
  ::close(fd);
  return done == 0 || error == EEXIST ? std::string() : std::string(std::strerror(error));
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return out;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  }
  ::closedir(dir);
  return out;
}

void write_everything(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) power_off();  // nobody listens any more
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace qaic::sim::vm::guest
