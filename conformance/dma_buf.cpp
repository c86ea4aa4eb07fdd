#include "conformance/dma_buf.hpp"

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.hpp"

namespace qaic::conformance {

namespace {

std::optional<os::Fd> maker(Run& run, const std::string& path) {
  auto fd = os::open_file(path, os::OpenMode::read_write);
  if (fd.has_value()) return std::move(*fd);
  run.skip("no " + path + ": " + result_name(-fd.error().code));
  return std::nullopt;
}

}  // namespace

int export_bo(const Node& node, std::uint32_t handle, os::Fd& out) {
  uapi::DrmPrimeHandle prime{handle, O_RDWR | O_CLOEXEC, -1};
  const int result = node.call(uapi::kIoctlDrmPrimeHandleToFd, prime);
  if (result >= 0) out = os::Fd(prime.fd);
  return result;
}

int import_bo(const Node& node, int dma_buf, std::uint32_t& handle) {
  uapi::DrmPrimeHandle prime{0, 0, dma_buf};
  const int result = node.call(uapi::kIoctlDrmPrimeFdToHandle, prime);
  handle = prime.handle;
  return result;
}

std::optional<os::Fd> udmabuf(Run& run, std::uint64_t size) {
  const auto device = maker(run, "/dev/udmabuf");
  if (!device) return std::nullopt;
  const os::Fd memory(::memfd_create("udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const bool ready = memory.valid() && ::ftruncate(memory.get(), static_cast<off_t>(size)) == 0 &&
                     ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0;
  if (!run.prepared("make a memory file", ready ? 0 : -errno)) return std::nullopt;
  udmabuf_create create{};
  create.memfd = static_cast<__u32>(memory.get());
  create.flags = UDMABUF_FLAGS_CLOEXEC;
  create.size = size;
  const int fd = os::ioctl_once(device->get(), UDMABUF_CREATE, &create);
  if (!run.prepared("UDMABUF_CREATE", fd)) return std::nullopt;
  return os::Fd(fd);
}

std::optional<os::Fd> system_heap_buffer(Run& run, std::uint64_t size) {
  const auto heap = maker(run, "/dev/dma_heap/system");
  if (!heap) return std::nullopt;
  dma_heap_allocation_data allocation{};
  allocation.len = size;
  allocation.fd_flags = O_RDWR | O_CLOEXEC;
  const int result = os::ioctl_once(heap->get(), DMA_HEAP_IOCTL_ALLOC, &allocation);
  if (!run.prepared("DMA_HEAP_IOCTL_ALLOC", result)) return std::nullopt;
  return os::Fd(static_cast<int>(allocation.fd));
}

}  // namespace qaic::conformance
