// CREATE_BO, MMAP_BO, GEM_CLOSE: kernel-interface §1.6, §1.10.
#include <algorithm>
#include <cerrno>

#include "conformance/groups.hpp"
#include "conformance/node.hpp"

namespace qaic::conformance {
namespace {

void create(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  run.result("CREATE_BO", node->create_bo(4096, first), 0);
  run.equal("first-handle", first, 1);
  run.result("CREATE_BO-again", node->create_bo(1, second), 0);
  run.equal("second-handle", second, 2);
}

void create_fields(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t handle = 0;
  run.result("size-0", node->create_bo(0, handle), -EINVAL);
  run.result("size-all-ones", node->create_bo(0xFFFFFFFFFFFFFFFF, handle), -EINVAL);
  run.result("size-wraps-when-aligned", node->create_bo(0xFFFFFFFFFFFFF001, handle), -EINVAL);
  uapi::CreateBo create{};
  create.size = 4096;
  create.pad = 1;
  run.result("pad-1", node->call(uapi::kIoctlCreateBo, create), -EINVAL);
}

void memory_is_zeroed(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  for (int round = 0; round < 2; ++round) {
    const auto bo = Bo::make(run, *node, 64 * 1024);
    if (!bo) return;
    const auto bytes = bo->bytes();
    run.holds(round == 0 ? "new" : "reused",
              std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; }));
    bo->fill(7);
    run.result("GEM_CLOSE", node->gem_close(bo->handle), 0);
  }
}

void size_is_rounded_up_to_a_page(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", node->create_bo(1, handle))) return;
  std::uint64_t offset = 0;
  if (!run.prepared("MMAP_BO", node->mmap_bo(handle, offset))) return;
  const auto page = os::Mapping::shared(node->fd(), offset, 4096, os::Mapping::Access::read_write);
  run.result("mmap-4096", page.has_value() ? 0 : -page.error().code, 0);
}

void mmap_bo(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint64_t offset = 0;
  run.result("no-such-handle", node->mmap_bo(77, offset), -ENOENT);
  run.result("handle-0", node->mmap_bo(0, offset), -ENOENT);
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", node->create_bo(4096, handle))) return;
  uapi::MmapBo argument{};
  argument.handle = handle;
  argument.pad = 1;
  run.result("pad-is-not-looked-at", node->call(uapi::kIoctlMmapBo, argument), 0);
  run.equal("offset-in-page", argument.offset % 4096, 0);
  run.holds("offset-is-not-0", argument.offset != 0);
  run.result("again", node->mmap_bo(handle, offset), 0);
  run.holds("same-offset", offset == argument.offset);
}

void gem_close(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", node->create_bo(4096, handle))) return;
  std::uint64_t offset = 0;
  run.result("GEM_CLOSE", node->gem_close(handle), 0);
  run.result("again", node->gem_close(handle), -EINVAL);
  run.result("MMAP_BO-after", node->mmap_bo(handle, offset), -ENOENT);
  run.result("no-such-handle", node->gem_close(99), -EINVAL);
  std::uint32_t next = 0;
  run.result("CREATE_BO-after", node->create_bo(4096, next), 0);
  run.equal("handle-is-reused", next, handle);
}

constexpr Case kCases[] = {
    {"bo.create", create},
    {"bo.create_fields", create_fields},
    {"bo.memory_is_zeroed", memory_is_zeroed},
    {"bo.size_is_rounded_up_to_a_page", size_is_rounded_up_to_a_page},
    {"bo.mmap_bo", mmap_bo},
    {"bo.gem_close", gem_close},
};

}  // namespace

std::span<const Case> bo_cases() {
  return kCases;
}

}  // namespace qaic::conformance
