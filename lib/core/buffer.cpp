#include "lib/core/buffer.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include "lib/core/control.hpp"
#include "lib/uapi/ioctl.hpp"

namespace qaic::core {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

base::Error bo_error(const Device& device, int number, const char* id, std::string what) {
  base::Error error = base::system_error(number, id, device.node() + ": " + std::move(what));
  if (number == ENODEV) {
    error.kind = ErrorKind::unavailable;
    error.id = "device-offline";
    error.hint = "try again when qaic-util health calls the card ok";
  } else if (number == ENOMEM) {
    error.hint = "buffers are pinned memory: free some on this host";
  } else if (error.kind == ErrorKind::permission) {
    error.kind = ErrorKind::device;  // these calls check no file permission
  }
  return error;
}

}  // namespace

Result<Buffer> Buffer::create(std::shared_ptr<Device> device, std::uint64_t size) {
  const auto handle = device->bo_handles().create(device->fd(), size);
  if (!handle) {
    return fail(bo_error(*device, handle.error().value, "bo-create",
                         "no buffer of " + std::to_string(size) + " bytes"));
  }
  return Buffer(std::move(device), *handle, size);
}

Result<Buffer> Buffer::import(std::shared_ptr<Device> device, int dma_buf) {
  const auto handle = device->bo_handles().import(device->fd(), dma_buf);
  if (handle) return Buffer(std::move(device), *handle, 0);
  const int number = handle.error().value;
  base::Error error = bo_error(*device, number, "buffer-import",
                               "descriptor " + std::to_string(dma_buf) + " cannot be used as a buffer");
  if (number == EBUSY) {
    error.kind = ErrorKind::usage;
    error.hint = "a buffer of this device is over it already: open the device once more for a second one";
  } else if (number == EINVAL || number == EBADF) {
    error.kind = ErrorKind::usage;
    error.hint = "give the descriptor of a dma-buf";
  }
  return fail(std::move(error));
}

Result<os::Fd> Buffer::share() const {
  const auto fd = uapi::export_bo(device_->fd(), handle_);
  if (fd) return os::Fd(*fd);
  return fail(bo_error(*device_, fd.error().value, "buffer-export", "a buffer cannot be given out"));
}

Buffer::Buffer(Buffer&& other) noexcept
    : device_(std::move(other.device_)),
      handle_(other.handle_),
      size_(other.size_),
      mapping_(std::move(other.mapping_)),
      state_(std::exchange(other.state_, State::free)) {}

Buffer::~Buffer() {
  if (!device_) return;
  mapping_.reset();
  device_->bo_handles().close(
      device_->fd(), handle_,
      state_ == State::attached ? BoHandles::Slices::attached : BoHandles::Slices::none);
}

Result<void> Buffer::map() {
  const auto offset = uapi::mmap_offset(device_->fd(), handle_);
  if (!offset) {
    return fail(bo_error(*device_, offset.error().value, "bo-map", "a buffer's place cannot be asked for"));
  }
  auto mapping = os::Mapping::shared(device_->fd(), *offset, size_, os::Mapping::Access::read_write);
  if (!mapping) {
    mapping.error().id = "bo-map";
    return fail(on_node(std::move(mapping).error(), device_->node()));
  }
  mapping_ = std::move(*mapping);
  return {};
}

Result<void> Buffer::attach(base::DbcId dbc, wire::uapi::Direction direction,
                            std::span<const wire::uapi::AttachSliceEntry> slices) {
  const auto attached = uapi::attach_slices(device_->fd(), dbc, handle_, direction, slices);
  if (!attached) {
    base::Error error =
        bo_error(*device_, attached.error().value, "bo-attach",
                 (size_ == 0 ? "an imported buffer" : "a buffer of " + std::to_string(size_) + " bytes") +
                     " cannot be bound to channel " + std::to_string(dbc.value));
    if (attached.error().value == ENOSPC) {
      error.hint = "host memory is too fragmented for the channel's queue: free memory or use an IOMMU";
    }
    if (attached.error().value == EINVAL && size_ == 0) {
      error.kind = ErrorKind::usage;
      error.hint = "is the dma-buf as large as the buffer that it stands for?";
    }
    return fail(std::move(error));
  }
  state_ = State::attached;
  return {};
}

}  // namespace qaic::core
