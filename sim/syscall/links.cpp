// readlink: an open node is a memory file, but the link of its descriptor in
// /proc names the node, so that who looks for the holders of a card finds them.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <span>
#include <string_view>

#include "os/file.hpp"
#include "os/owned_files.hpp"
#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

namespace {

struct Descriptor {
  pid_t process = 0;
  std::int64_t fd = 0;
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The descriptor that ".../PID/fd/N" names for that thread; other spellings
// ("..", links) keep the kernel's answer.
std::optional<Descriptor> descriptor_at(pid_t thread, std::string_view path) {
  for (const std::string_view own : {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"}) {
    if (!path.starts_with(own)) continue;
    const auto fd = number(path.substr(own.size()));
    return fd ? std::optional(Descriptor{thread, *fd}) : std::nullopt;
  }
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kFd = "/fd/";
  if (!path.starts_with(kProc)) return std::nullopt;
  path.remove_prefix(kProc.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || !path.substr(slash).starts_with(kFd)) return std::nullopt;
  const auto process = number(path.substr(0, slash));
  const auto fd = number(path.substr(slash + kFd.size()));
  if (!process || !fd) return std::nullopt;
  return Descriptor{static_cast<pid_t>(*process), *fd};
}

// `path` behind the folder that it is relative to; "" if that cannot be told.
std::string whole_path(pid_t thread, std::int64_t folder, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::string process = "/proc/" + std::to_string(thread);
  const auto base =
      os::read_link(process + (folder == AT_FDCWD ? std::string("/cwd") : "/fd/" + std::to_string(folder)));
  return base ? *base + '/' + path : std::string();
}

}  // namespace

void Supervisor::handle_readlink(Run& run, const os::Notification& call) {
  const bool at = call.number == SYS_readlinkat;
  const auto* arguments = call.arguments.data() + (at ? 1 : 0);
  const std::int64_t folder = at ? static_cast<std::int32_t>(call.arguments[0]) : AT_FDCWD;
  const auto size = static_cast<std::int32_t>(arguments[2]);
  const auto path =
      open_.empty() || size <= 0 ? std::nullopt : os::read_c_string(call.thread, arguments[0], PATH_MAX);
  const auto answer =
      path ? link_of_node(run, call.thread, whole_path(call.thread, folder, *path)) : std::nullopt;
  if (!answer || !run.listener->valid(call.id)) return (void)run.listener->pass(call.id);
  const std::size_t length = std::min<std::size_t>(answer->size(), static_cast<std::uint32_t>(size));
  Memory memory(*this, run, call);
  const bool written = memory.write(arguments[1], std::as_bytes(std::span(*answer)).first(length));
  (void)run.listener->respond(call.id, written ? static_cast<std::int64_t>(length) : -EFAULT);
}

// Nothing: the kernel's answer is right, or it is not for this thread.
std::optional<std::string> Supervisor::link_of_node(const Run& run, pid_t thread, const std::string& path) {
  const auto descriptor = descriptor_at(thread, path);
  // What this process has open of them is no client's.
  if (!descriptor || descriptor->process == ::getpid()) return std::nullopt;
  const auto identity = os::identity_of_foreign_fd(descriptor->process, descriptor->fd);
  const OpenNode* file = identity ? find(*identity) : nullptr;
  if (file == nullptr) return std::nullopt;
  const auto asking = os::user_of(thread);
  if (asking != 0U && asking != os::user_of(descriptor->process)) return std::nullopt;
  const std::string name = "accel" + std::to_string(options_.sys.topology.slots[file->slot].minor);
  const bool there = os::permissions_at(run.accel.get(), name).has_value();
  return "/dev/accel/" + name + (there ? "" : " (deleted)");
}

}  // namespace qaic::sim::syscall
