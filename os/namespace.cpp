#include "os/namespace.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "os/file.hpp"

namespace qaic::os {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;
using base::system_error;

namespace {

// Which setting of the host stands in the way of a user namespace.
std::string refusal_hint() {
  struct Setting {
    const char* path;
    std::string_view refuses;
    const char* hint;
  };
  static constexpr std::array<Setting, 3> kSettings{{
      {"/proc/sys/kernel/unprivileged_userns_clone", "0",
       "allow it with: sysctl kernel.unprivileged_userns_clone=1, or run as root"},
      {"/proc/sys/user/max_user_namespaces", "0",
       "allow it with: sysctl user.max_user_namespaces=10000, or run as root"},
      {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
       "allow it with: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root"},
  }};
  for (const Setting& setting : kSettings) {
    const auto value = read_text(setting.path);
    if (value && *value == setting.refuses) return setting.hint;
  }
  return "in a container: allow unshare(2) and mount(2) in its seccomp and AppArmor profile, or add "
         "CAP_SYS_ADMIN";
}

Error refused(int error_number, std::string_view id, std::string what) {
  Error error = system_error(error_number, id, std::move(what), refusal_hint());
  error.kind = ErrorKind::unsupported;
  return error;
}

Result<void> write_map(const std::string& path, const std::string& line) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return fail(refused(errno, "namespace-user", "cannot open " + path));
  if (::write(fd.get(), line.data(), line.size()) < 0) {
    return fail(refused(errno, "namespace-user", "cannot write " + path));
  }
  return {};
}

}  // namespace

bool may_make_namespaces() {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) < 0) return false;
  const auto has = [&](unsigned capability) {
    return (data[capability / 32].effective >> (capability % 32) & 1U) != 0;
  };
  return has(CAP_SYS_ADMIN) && has(CAP_SYS_PTRACE);
}

Result<void> enter_user_namespace() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) < 0) {
    return fail(refused(errno, "namespace-user", "this host refuses a user namespace"));
  }
  const auto own_line = [](unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
  QAIC_CHECK(write_map("/proc/self/setgroups", "deny"));
  QAIC_CHECK(write_map("/proc/self/uid_map", own_line(user)));
  QAIC_CHECK(write_map("/proc/self/gid_map", own_line(group)));
  return {};
}

Result<Fd> own_user_namespace() {
  Fd fd(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail(refused(errno, "namespace-user", "cannot open the own user namespace"));
  return fd;
}

Result<void> join_user_namespace(const Fd& user_namespace) {
  if (::setns(user_namespace.get(), CLONE_NEWUSER) < 0) {
    return fail(refused(errno, "namespace-user", "this host refuses to join a user namespace"));
  }
  return {};
}

namespace {

int separate_mounts(const char* root) {
  return ::mount(nullptr, root, nullptr, MS_REC | MS_SLAVE, nullptr) < 0 ? errno : 0;
}

// The same below chroot(2), where nothing need be mounted at "/": done at the
// real root, to which a process that may chroot can climb. 0 or errno.
int separate_mounts_above_root() {
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Fd folder(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid() || !folder.valid()) return errno;
  if (::chdir("/") < 0 || ::chroot("/dev") < 0) return errno;
  struct stat here {};
  struct stat above {};
  int error = ::stat(".", &here) < 0 ? errno : 0;
  while (error == 0) {
    if (::chdir("..") < 0 || ::stat(".", &above) < 0) error = errno;
    if (above.st_dev == here.st_dev && above.st_ino == here.st_ino) break;
    here = above;
  }
  if (error == 0) error = separate_mounts(".");
  if (::fchdir(root.get()) < 0 || ::chroot(".") < 0 || ::fchdir(folder.get()) < 0) return errno;
  return error;
}

}  // namespace

Result<void> enter_mount_namespace() {
  if (::unshare(CLONE_NEWNS) < 0) {
    return fail(refused(errno, "namespace-mount", "this host refuses a mount namespace"));
  }
  int error = separate_mounts("/");
  if (error == EINVAL) error = separate_mounts_above_root();
  if (error != 0) return fail(refused(error, "namespace-mount", "this host refuses to separate mounts"));
  return {};
}

Result<void> enter_network_namespace() {
  if (::unshare(CLONE_NEWNET) < 0) {
    return fail(refused(errno, "namespace-net", "this host refuses a network namespace"));
  }
  return {};
}

Result<void> mount_memory_folder(const std::string& path) {
  if (::mount("qaic-sim", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") < 0) {
    return fail(refused(errno, "namespace-mount", "cannot mount a memory file system at " + path));
  }
  return {};
}

Result<void> mount_again(const std::string& source, const std::string& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) < 0) {
    return fail(refused(errno, "namespace-mount", "cannot show " + source + " at " + target));
  }
  return {};
}

namespace {

Result<Fd> clone_mount(const std::string& path, unsigned more) {
  constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
  const long fd =
      ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), kClone | static_cast<unsigned>(O_CLOEXEC) | more);
  if (fd < 0) return fail(refused(errno, "namespace-mount", "cannot keep hold of " + path));
  return Fd(static_cast<int>(fd));
}

}  // namespace

Result<Fd> detached_mount(const std::string& path) {
  return clone_mount(path, 0);
}

Result<Fd> detached_mounts(const std::string& path) {
  constexpr unsigned kRecursive = 0x8000;  // AT_RECURSIVE
  return clone_mount(path, kRecursive);
}

Result<void> attach_mount(const Fd& mount, const std::string& path) {
  constexpr unsigned kFromFd = 4;  // MOVE_MOUNT_F_EMPTY_PATH
  if (::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, path.c_str(), kFromFd) < 0) {
    return fail(refused(errno, "namespace-mount", "cannot show a kept mount at " + path));
  }
  return {};
}

Result<void> make_mount_read_only(const std::string& path) {
  constexpr unsigned long kFlags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount(nullptr, path.c_str(), nullptr, kFlags, nullptr) < 0) {
    return fail(refused(errno, "namespace-mount", "cannot make " + path + " read-only"));
  }
  return {};
}

}  // namespace qaic::os
