// The system calls that the supervisor answers.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <span>
#include <utility>

#include "os/namespace.hpp"
#include "os/owned_files.hpp"
#include "sim/syscall/open_node.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::syscall {

using os::Notification;
using CloseOnExec = os::SeccompListener::CloseOnExec;

void Supervisor::handle(Run& run, const Notification& call) {
  switch (call.number) {
    case SYS_ioctl:
      return handle_ioctl(run, call);
    case SYS_mmap:
      return handle_mmap(run, call);
    case SYS_socket:
      return handle_socket(run, call);
    case SYS_fstatfs:
      return handle_fstatfs(run, call);
    case SYS_write:
      return handle_write(run, call);
    case SYS_readlinkat:
#ifdef SYS_readlink
    case SYS_readlink:
#endif
      return handle_readlink(run, call);
    default:
      return handle_open(run, call);
  }
}

namespace {

void let_kernel(const auto& run, const Notification& call) {
  (void)run.listener->pass(call.id);
}

struct OpenArguments {
  std::int64_t folder = AT_FDCWD;
  std::uint64_t path = 0;
  std::uint64_t flags = 0;
};

// Nothing if the arguments cannot be read: the kernel says what is wrong.
std::optional<OpenArguments> open_arguments(const Notification& call) {
  const auto& a = call.arguments;
  switch (call.number) {
    case SYS_openat:
      return OpenArguments{static_cast<std::int32_t>(a[0]), a[1], a[2]};
    case SYS_openat2: {
      std::array<std::byte, sizeof(std::uint64_t)> flags{};
      if (!os::read_memory(call.thread, a[2], flags)) return std::nullopt;
      OpenArguments out{static_cast<std::int32_t>(a[0]), a[1], 0};
      std::memcpy(&out.flags, flags.data(), sizeof out.flags);
      return out;
    }
#ifdef SYS_open
    case SYS_open:
      return OpenArguments{AT_FDCWD, a[0], a[1]};
#endif
#ifdef SYS_creat
    case SYS_creat:
      return OpenArguments{AT_FDCWD, a[0], static_cast<std::uint64_t>(O_CREAT | O_WRONLY | O_TRUNC)};
#endif
    default:
      return std::nullopt;
  }
}

}  // namespace

void Supervisor::handle_open(Run& run, const Notification& call) {
  const auto arguments = open_arguments(call);
  if (!arguments || (arguments->flags & O_PATH) != 0) return let_kernel(run, call);
  const auto path = os::read_c_string(call.thread, arguments->path, PATH_MAX);
  if (!path) return let_kernel(run, call);
  const auto last_link = (arguments->flags & O_NOFOLLOW) != 0 ? os::LastLink::keep : os::LastLink::follow;
  const auto identity = os::identity_of_foreign_path(call.thread, arguments->folder, *path, last_link);
  if (!identity || !run.listener->valid(call.id)) return let_kernel(run, call);
  int result = 0;
  if (const auto slot = slot_at(run, *identity)) {
    result = open_node(run, call, *slot, arguments->flags);
  } else if (const auto at = run.attributes.find(*identity); at != run.attributes.end()) {
    result = open_attribute(run, call, at->second, arguments->flags);
  } else {
    return let_kernel(run, call);
  }
  if (result < 0) (void)run.listener->respond(call.id, result);
}

int Supervisor::open_node(Run& run, const Notification& call, std::size_t slot, std::uint64_t flags) {
  if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
  if ((flags & (O_EXCL | O_CREAT)) == (O_EXCL | O_CREAT)) return -EEXIST;
  const auto permissions =
      os::permissions_at(run.accel.get(), "accel" + std::to_string(options_.sys.topology.slots[slot].minor));
  const auto user = os::user_of(call.thread);
  if (!permissions || !user || !run.listener->valid(call.id)) return -ENODEV;
  if (!os::permits(*permissions, *user, (flags & O_ACCMODE) == O_RDWR ? 6U : 2U)) return -EACCES;
  if ((flags & O_EXCL) != 0) return -EBUSY;  // drm_open_helper
  OpenNode* file = nullptr;
  int result = create_open_node(run, call, slot, file);
  if (result == 0) {
    const auto fd = file->memory->open_again(static_cast<int>(flags));
    result = fd ? run.listener->respond_with_fd(call.id, fd->get(),
                                                (flags & O_CLOEXEC) != 0 ? CloseOnExec::yes : CloseOnExec::no)
                : -ENFILE;
  }
  // A node that reached nobody is closed again by the closing of our copy.
  publish(slot);
  return result;
}

void Supervisor::handle_ioctl(Run& run, const Notification& call) {
  bool ended = false;
  OpenNode* file = resolve(run, call, static_cast<int>(call.arguments[0]), ended);
  if (ended) return;
  if (file == nullptr) {
    if (!sync_buffer(run, call)) let_kernel(run, call);
    return;
  }
  const std::size_t slot = file->slot;
  const Node& node = options_.nodes[slot];
  const std::uint64_t id = next_call_++;
  if (sleepers_.empty()) next_signal_poll_ = options_.now() + kFirstSignalPoll;
  sleepers_.emplace(id, Sleeper{slot, run.listener, call.id, call.thread, 0});
  const auto result =
      node.driver->ioctl(file->file, static_cast<std::uint32_t>(call.arguments[1]), call.arguments[2],
                         std::make_shared<Memory>(*this, run, call), driver::CallId{id},
                         [this, id](int late_result) { end_sleeper(id, late_result); });
  if (result) end_sleeper(id, *result);
  publish(slot);
}

void Supervisor::handle_mmap(Run& run, const Notification& call) {
  constexpr std::uint64_t kPageMask = wire::uapi::kPageSize - 1;
  const std::uint64_t length = call.arguments[1];
  const std::uint64_t offset = call.arguments[5];
  bool ended = false;
  OpenNode* file = resolve(run, call, static_cast<int>(call.arguments[4]), ended);
  if (ended || (file == nullptr && map_buffer(run, call))) return;
  // The kernel's own words for what no file could map.
  if (file == nullptr || length == 0 || (offset & kPageMask) != 0 || length > UINT64_MAX - kPageMask) {
    return let_kernel(run, call);
  }
  const int result =
      options_.nodes[file->slot].driver->check_mmap(file->file, offset, (length + kPageMask) & ~kPageMask);
  if (result < 0) {
    (void)run.listener->respond(call.id, result);
    return;
  }
  file->memory->note_mapped(offset);
  let_kernel(run, call);
}

void Supervisor::handle_socket(Run& run, const Notification& call) {
  if (!uevents_) {
    // From now on this process lives in a network of its own, where only the
    // cards' uevents are heard.
    auto entered = os::enter_network_namespace();
    auto events = entered ? os::KernelEvents::create() : base::fail(entered.error());
    if (!events) {
      if (options_.warn) options_.warn(events.error());
      return let_kernel(run, call);
    }
    uevents_ = std::move(*events);
  }
  const int type = static_cast<int>(call.arguments[1]);
  os::Fd socket;
  int result = uevents_->listener_socket(type, socket);
  if (result == 0) {
    result = run.listener->respond_with_fd(call.id, socket.get(),
                                           (type & SOCK_CLOEXEC) != 0 ? CloseOnExec::yes : CloseOnExec::no);
  }
  if (result < 0) (void)run.listener->respond(call.id, result);
}

void Supervisor::handle_fstatfs(Run& run, const Notification& call) {
  const auto identity = os::identity_of_foreign_fd(call.thread, static_cast<std::int32_t>(call.arguments[0]));
  if (!identity || !run.file_systems.contains(identity->device)) return let_kernel(run, call);
  // What a real sysfs says of itself.
  struct statfs answer {};
  answer.f_type = SYSFS_MAGIC;
  answer.f_bsize = wire::uapi::kPageSize;
  answer.f_frsize = wire::uapi::kPageSize;
  answer.f_namelen = NAME_MAX;
  Memory memory(*this, run, call);
  const bool written = memory.write(call.arguments[1], std::as_bytes(std::span(&answer, 1)));
  (void)run.listener->respond(call.id, written ? 0 : -EFAULT);
}

}  // namespace qaic::sim::syscall
