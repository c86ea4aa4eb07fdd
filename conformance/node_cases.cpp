// What the DRM core answers on the node: kernel-interface §1.1, §1.2.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "conformance/groups.hpp"
#include "conformance/node.hpp"

namespace qaic::conformance {
namespace {

void version(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  char name[32] = {};
  char date[32] = {};
  char description[64] = {};
  uapi::DrmVersion version{};
  version.name_len = sizeof(name) - 1;
  version.name = reinterpret_cast<std::uintptr_t>(name);
  version.date_len = sizeof(date) - 1;
  version.date = reinterpret_cast<std::uintptr_t>(date);
  version.desc_len = sizeof(description) - 1;
  version.desc = reinterpret_cast<std::uintptr_t>(description);
  run.result("VERSION", node->call(uapi::kIoctlDrmVersion, version), 0);
  run.equal("major", static_cast<std::uint64_t>(version.major), 0);
  run.equal("minor", static_cast<std::uint64_t>(version.minor), 0);
  run.equal("patchlevel", static_cast<std::uint64_t>(version.patchlevel), 0);
  run.equal("name", name, "qaic");
  run.equal("name_len", version.name_len, 4);
  run.equal("description", description, "Qualcomm Cloud AI Accelerators");
  run.equal("date", date, "0");  // of the DRM core, whatever the driver says
}

void version_without_buffers(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  uapi::DrmVersion version{};
  run.result("VERSION", node->call(uapi::kIoctlDrmVersion, version), 0);
  run.equal("name_len", version.name_len, 4);
  run.equal("description_len", version.desc_len, 30);
}

void version_cut_to_the_buffer(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  char name[8] = {};
  uapi::DrmVersion version{};
  version.name_len = 2;
  version.name = reinterpret_cast<std::uintptr_t>(name);
  run.result("VERSION", node->call(uapi::kIoctlDrmVersion, version), 0);
  run.equal("name", name, "qa");
  run.equal("name_len", version.name_len, 4);
}

void opened_exclusively(Run& run) {
  const int fd = ::open(run.settings().node.c_str(), O_RDWR | O_CLOEXEC | O_EXCL);
  run.result("open", fd < 0 ? -errno : 0, -EBUSY);
  if (fd >= 0) ::close(fd);
}

void unknown_driver_number(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint64_t argument[2] = {};
  run.result("nr-0x49", node->call(uapi::ioctl_number(uapi::IoctlDir::read_write, 0x49, 16), argument),
             -EINVAL);
  run.result("nr-0x5f", node->call(uapi::ioctl_number(uapi::IoctlDir::write, 0x5F, 16), argument), -EINVAL);
}

void foreign_type_byte(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint64_t argument[2] = {};
  run.result("ioctl", node->call((uapi::kIoctlCreateBo & ~0xFF00U) | ('e' << 8), argument), -ENOTTY);
}

void shorter_argument_is_extended_by_zeros(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  uapi::CreateBo create{};
  create.size = 4096;
  create.handle = 0xAAAAAAAA;
  create.pad = 0xAAAAAAAA;  // beyond the 8 bytes that the caller's number claims
  run.result("CREATE_BO", node->call(uapi::ioctl_number(uapi::IoctlDir::read_write, 0x41, 8), create), 0);
  run.equal("handle-untouched", create.handle, 0xAAAAAAAA);
}

void longer_argument_is_cut(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  struct {
    uapi::CreateBo create;
    std::uint64_t more;
  } argument{};
  argument.create.size = 4096;
  argument.more = 77;
  run.result("CREATE_BO", node->call(uapi::ioctl_number(uapi::IoctlDir::read_write, 0x41, 24), argument), 0);
  run.holds("handle-given", argument.create.handle != 0);
}

void argument_unreadable(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  run.result("CREATE_BO", os::ioctl_once(node->fd(), uapi::kIoctlCreateBo, reinterpret_cast<void*>(8)),
             -EFAULT);
  run.result("EXECUTE_BO", os::ioctl_once(node->fd(), uapi::kIoctlExecuteBo, reinterpret_cast<void*>(8)),
             -EFAULT);
}

void capabilities(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  uapi::DrmGetCap cap{5, 0};
  run.result("PRIME", node->call(uapi::kIoctlDrmGetCap, cap), 0);
  run.equal("PRIME-value", cap.value, 3);
  cap = {6, 0};
  run.result("TIMESTAMP_MONOTONIC", node->call(uapi::kIoctlDrmGetCap, cap), 0);
  run.equal("TIMESTAMP_MONOTONIC-value", cap.value, 1);
  cap = {0x13, 77};
  run.result("SYNCOBJ", node->call(uapi::kIoctlDrmGetCap, cap), 0);
  run.equal("SYNCOBJ-value", cap.value, 0);
  cap = {1, 0};
  run.result("DUMB_BUFFER", node->call(uapi::kIoctlDrmGetCap, cap), -EOPNOTSUPP);
}

void handles_belong_to_one_file(Run& run) {
  const auto one = Node::open(run);
  const auto two = Node::open(run);
  if (!one || !two) return;
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", one->create_bo(4096, handle))) return;
  std::uint64_t offset = 0;
  run.result("MMAP_BO-by-other", two->mmap_bo(handle, offset), -ENOENT);
  run.result("GEM_CLOSE-by-other", two->gem_close(handle), -EINVAL);
  run.result("MMAP_BO", one->mmap_bo(handle, offset), 0);
}

constexpr Case kCases[] = {
    {"node.version", version},
    {"node.version_without_buffers", version_without_buffers},
    {"node.version_cut_to_the_buffer", version_cut_to_the_buffer},
    {"node.opened_exclusively", opened_exclusively},
    {"node.unknown_driver_number", unknown_driver_number},
    {"node.foreign_type_byte", foreign_type_byte},
    {"node.shorter_argument_is_extended_by_zeros", shorter_argument_is_extended_by_zeros},
    {"node.longer_argument_is_cut", longer_argument_is_cut},
    {"node.argument_unreadable", argument_unreadable},
    {"node.capabilities", capabilities},
    {"node.handles_belong_to_one_file", handles_belong_to_one_file},
};

}  // namespace

std::span<const Case> node_cases() {
  return kCases;
}

}  // namespace qaic::conformance
