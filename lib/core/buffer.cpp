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
  const auto handle = uapi::create_bo(device->fd(), size);
  if (!handle) {
    return fail(bo_error(*device, handle.error().value, "bo-create",
                         "no buffer of " + std::to_string(size) + " bytes"));
  }
  return Buffer(std::move(device), *handle, size);
}

Buffer::Buffer(Buffer&& other) noexcept
    : device_(std::move(other.device_)),
      handle_(other.handle_),
      size_(other.size_),
      mapping_(std::move(other.mapping_)),
      state_(std::exchange(other.state_, State::free)) {}

Buffer::~Buffer() {
  if (!device_) return;
  // Failures have nowhere to go: a channel that is gone has detached it
  // already, and closing the device frees what is left.
  if (state_ == State::attached) (void)uapi::detach_slices(device_->fd(), handle_);
  mapping_.reset();
  (void)uapi::close_bo(device_->fd(), handle_);
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
    base::Error error = bo_error(*device_, attached.error().value, "bo-attach",
                                 "a buffer of " + std::to_string(size_) +
                                     " bytes cannot be bound to channel " + std::to_string(dbc.value));
    if (attached.error().value == ENOSPC) {
      error.hint = "host memory is too fragmented for the channel's queue: free memory or use an IOMMU";
    }
    return fail(std::move(error));
  }
  state_ = State::attached;
  return {};
}

}  // namespace qaic::core
