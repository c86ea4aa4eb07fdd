// dma-bufs in and out: kernel-interface §1.7, §1.8.
#include <unistd.h>

#include <cerrno>

#include "conformance/copy.hpp"
#include "conformance/dma_buf.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

constexpr std::uint64_t kSize = 64 * 1024;

void bad_handles(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  uapi::DrmPrimeHandle prime{99, 0, -1};
  run.result("export-no-such-handle", node->call(uapi::kIoctlDrmPrimeHandleToFd, prime), -ENOENT);
  prime = {0, 0, -1};
  run.result("import-no-such-fd", node->call(uapi::kIoctlDrmPrimeFdToHandle, prime), -EBADF);
  prime = {0, 0, node->fd()};
  run.result("import-not-a-dma-buf", node->call(uapi::kIoctlDrmPrimeFdToHandle, prime), -EINVAL);
}

struct Exported {
  Node node;
  Bo bo;
  os::Fd dma_buf;
};

std::optional<Exported> exported(Run& run, std::uint64_t size = kSize) {
  auto node = Node::open(run);
  if (!node) return std::nullopt;
  auto bo = Bo::make(run, *node, size);
  if (!bo) return std::nullopt;
  os::Fd fd;
  run.result("export", export_bo(*node, bo->handle, fd), 0);
  if (!fd.valid()) return std::nullopt;
  return Exported{std::move(*node), std::move(*bo), std::move(fd)};
}

void export_flags(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", node->create_bo(4096, handle))) return;
  uapi::DrmPrimeHandle prime{handle, 0x10, -1};
  run.result("flags-0x10", node->call(uapi::kIoctlDrmPrimeHandleToFd, prime), -EINVAL);
}

void export_and_import_again(Run& run) {
  const auto out = exported(run);
  if (!out) return;
  std::uint32_t handle = 0;
  run.result("import-own", import_bo(out->node, out->dma_buf.get(), handle), 0);
  run.equal("same-handle", handle, out->bo.handle);
  os::Fd second;
  run.result("export-again", export_bo(out->node, out->bo.handle, second), 0);
  run.result("import-second", import_bo(out->node, second.get(), handle), 0);
  run.equal("still-the-same-handle", handle, out->bo.handle);
}

void what_was_exported_is_the_same_memory(Run& run) {
  const auto out = exported(run);
  if (!out) return;
  run.equal("size", static_cast<std::uint64_t>(::lseek(out->dma_buf.get(), 0, SEEK_END)), kSize);
  const auto memory = os::Mapping::shared(out->dma_buf.get(), 0, kSize, os::Mapping::Access::read_write);
  run.result("mmap", memory.has_value() ? 0 : -memory.error().code, 0);
  if (!memory.has_value()) return;
  out->bo.bytes()[5000] = std::byte{0x5A};
  run.equal("byte", std::to_integer<unsigned>(memory->bytes()[5000]), 0x5A);
}

// The buffer lives as long as the dma-buf, whatever else is closed.
void the_dma_buf_outlives_handle_and_file(Run& run) {
  auto out = exported(run);
  if (!out) return;
  out->bo.bytes()[1] = std::byte{0x42};
  run.result("GEM_CLOSE", out->node.gem_close(out->bo.handle), 0);
  out->bo.memory.reset();
  out->node.close();
  const auto other = Node::open(run);
  if (!other) return;
  std::uint32_t handle = 0;
  // To another file of the same card it is as foreign as to another card's.
  run.result("import-by-another-file", import_bo(*other, out->dma_buf.get(), handle), {0, -ENOSYS});
  const auto memory = os::Mapping::shared(out->dma_buf.get(), 0, kSize, os::Mapping::Access::read);
  run.result("mmap", memory.has_value() ? 0 : -memory.error().code, 0);
  if (memory.has_value()) run.equal("byte", std::to_integer<unsigned>(memory->bytes()[1]), 0x42);
}

// A udmabuf of 6.12 keeps the first mapping, which is for the first direction.
constexpr Expected other_way(std::optional<os::Fd> (*make)(Run&, std::uint64_t)) {
  return make == udmabuf ? Expected(0, -EBUSY) : Expected(0);
}

// Buffers of the system, as a program without this card would hand them in.
template <std::optional<os::Fd> (*make)(Run&, std::uint64_t)>
void imported(Run& run) {
  auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  auto buffer = make(run, kSize);
  if (!buffer) return;
  auto memory = os::Mapping::shared(buffer->get(), 0, kSize, os::Mapping::Access::read_write);
  if (!run.prepared("mmap of the exporter", memory.has_value() ? 0 : -memory.error().code)) return;
  Bo bo;
  bo.size = kSize;
  run.result("import", import_bo(node, buffer->get(), bo.handle), 0);
  std::uint32_t again = 0;
  run.result("import-again", import_bo(node, buffer->get(), again), 0);
  run.equal("same-handle", again, bo.handle);
  std::uint64_t offset = 77;
  run.result("MMAP_BO", node.mmap_bo(bo.handle, offset), 0);
  run.equal("offset", offset, 0);
  const auto own = os::Mapping::shared(node.fd(), offset, kSize, os::Mapping::Access::read_write);
  run.result("mmap", own.has_value() ? 0 : -own.error().code, -EINVAL);

  bo.memory = std::move(*memory);
  bo.fill(3);
  const std::uint64_t at = channel.device_address;
  const uapi::AttachSliceEntry larger[] = {slice(kSize + 1, at)};
  run.result("slice-larger-than-it", node.attach(channel.dbc, bo.handle, Direction::to_device, larger),
             -EINVAL);
  const uapi::AttachSliceEntry entry[] = {slice(kSize, at)};
  run.result("ATTACH_SLICE_BO", node.attach(channel.dbc, bo.handle, Direction::to_device, entry), 0);
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, bo), 0);
  base::ByteVector card(kSize);
  if (!read_card(run, *session, at, card)) return;
  run.holds("the-card-has-its-bytes", same(card, bo.bytes()));

  run.result("DETACH_SLICE_BO", node.detach(bo.handle), 0);
  // What the exporter says of a second mapping is passed on.
  const int result = node.attach(channel.dbc, bo.handle, Direction::from_device, entry);
  run.result("ATTACH_SLICE_BO-from-device", result, other_way(make));
  if (result < 0) return;
  std::memset(bo.bytes().data(), 0, kSize);
  run.result("EXECUTE_BO+WAIT_BO-from-device", execute_and_wait(*session, bo), 0);
  run.holds("it-has-the-cards-bytes", same(card, bo.bytes()));
  os::Fd back;
  run.result("export-of-the-imported", export_bo(node, bo.handle, back), 0);
  // The handle may go before the slices do; the exporter's memory stays.
  run.result("GEM_CLOSE", node.gem_close(bo.handle), 0);
  run.result("EXECUTE_BO-after", node.execute(channel.dbc, {bo.handle}), -ENOENT);
  run.holds("still-there", same(card, bo.bytes()));
}

constexpr Case kCases[] = {
    {"prime.bad_handles", bad_handles},
    {"prime.export_flags", export_flags},
    {"prime.export_and_import_again", export_and_import_again},
    {"prime.what_was_exported_is_the_same_memory", what_was_exported_is_the_same_memory},
    {"prime.the_dma_buf_outlives_handle_and_file", the_dma_buf_outlives_handle_and_file},
    {"prime.import_of_a_udmabuf", imported<udmabuf>},
    {"prime.import_from_the_system_heap", imported<system_heap_buffer>},
};

}  // namespace

std::span<const Case> prime_cases() {
  return kCases;
}

}  // namespace qaic::conformance
