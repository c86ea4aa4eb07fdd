// mmap of the node: kernel-interface §1.7.
#include <sys/mman.h>

#include <cerrno>

#include "conformance/groups.hpp"
#include "conformance/node.hpp"

namespace qaic::conformance {
namespace {

struct Target {
  std::uint32_t handle = 0;
  std::uint64_t offset = 0;
};

std::optional<Target> make_target(Run& run, const Node& node, std::uint64_t size) {
  Target target;
  if (!run.prepared("CREATE_BO", node.create_bo(size, target.handle))) return std::nullopt;
  if (!run.prepared("MMAP_BO", node.mmap_bo(target.handle, target.offset))) return std::nullopt;
  return target;
}

int try_mmap(int fd, std::uint64_t offset, std::size_t size, int protection = PROT_READ | PROT_WRITE) {
  void* at = ::mmap(nullptr, size, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (at == MAP_FAILED) return -errno;
  ::munmap(at, size);
  return 0;
}

void length(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto target = make_target(run, *node, 4 * 4096);
  if (!target) return;
  run.result("whole", try_mmap(node->fd(), target->offset, 4 * 4096), 0);
  run.result("first-page", try_mmap(node->fd(), target->offset, 4096), 0);
  run.result("part-of-a-page", try_mmap(node->fd(), target->offset, 100), 0);
  run.result("read-only", try_mmap(node->fd(), target->offset, 4096, PROT_READ), 0);
  run.result("one-page-too-long", try_mmap(node->fd(), target->offset, 5 * 4096), -EINVAL);
}

void offset(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto target = make_target(run, *node, 4 * 4096);
  if (!target) return;
  run.result("second-page", try_mmap(node->fd(), target->offset + 4096, 4096), -EINVAL);
  run.result("0", try_mmap(node->fd(), 0, 4096), -EINVAL);
  run.result("not-a-page", try_mmap(node->fd(), target->offset + 8, 4096), -EINVAL);
  if (!run.prepared("GEM_CLOSE", node->gem_close(target->handle))) return;
  run.result("of-a-closed-bo", try_mmap(node->fd(), target->offset, 4096), -EINVAL);
}

void other_file(Run& run) {
  const auto one = Node::open(run);
  const auto two = Node::open(run);
  if (!one || !two) return;
  const auto target = make_target(run, *one, 4096);
  if (!target) return;
  run.result("mmap", try_mmap(two->fd(), target->offset, 4096), -EACCES);
}

void two_mappings_show_the_same_memory(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 8192);
  if (!bo) return;
  std::uint64_t at = 0;
  if (!run.prepared("MMAP_BO", node->mmap_bo(bo->handle, at))) return;
  const auto second = os::Mapping::shared(node->fd(), at, 8192, os::Mapping::Access::read_write);
  if (!run.prepared("mmap", second.has_value() ? 0 : -second.error().code)) return;
  bo->bytes()[5000] = std::byte{0x5A};
  run.equal("byte", std::to_integer<unsigned>(second->bytes()[5000]), 0x5A);
}

void memory_outlives_handle_and_file(Run& run) {
  auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 8192);
  if (!bo) return;
  bo->bytes()[4097] = std::byte{0x42};
  run.result("GEM_CLOSE", node->gem_close(bo->handle), 0);
  run.equal("after-GEM_CLOSE", std::to_integer<unsigned>(bo->bytes()[4097]), 0x42);
  node->close();
  run.equal("after-close", std::to_integer<unsigned>(bo->bytes()[4097]), 0x42);
  bo->bytes()[0] = std::byte{1};
  run.equal("still-writable", std::to_integer<unsigned>(bo->bytes()[0]), 1);
}

constexpr Case kCases[] = {
    {"mmap.length", length},
    {"mmap.offset", offset},
    {"mmap.other_file", other_file},
    {"mmap.two_mappings_show_the_same_memory", two_mappings_show_the_same_memory},
    {"mmap.memory_outlives_handle_and_file", memory_outlives_handle_and_file},
};

}  // namespace

std::span<const Case> mmap_cases() {
  return kCases;
}

}  // namespace qaic::conformance
