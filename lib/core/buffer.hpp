// A buffer object: pinned host memory that the card reads or writes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "lib/core/device.hpp"
#include "os/mapping.hpp"
#include "wire/uapi.hpp"

namespace qaic::core {

// Owns one BO, its mapping and its slices, and keeps the device open. When it goes
// while the card has it, the memory stays until the card is done and the device's
// BoHandles are used again.
class Buffer {
 public:
  // `size` bytes (> 0), zeroed. Errors: bo-create (ENOMEM: unavailable).
  static base::Result<Buffer> create(std::shared_ptr<Device> device, std::uint64_t size);

  // The memory of a dma-buf, which stays the caller's; not to be mapped here.
  // Errors: buffer-import (usage: no dma-buf, or one that a buffer of this
  // device is over already).
  static base::Result<Buffer> import(std::shared_ptr<Device> device, int dma_buf);

  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  // Makes the memory usable by this process. Errors: bo-map.
  [[nodiscard]] base::Result<void> map();
  // Binds it to a channel; once. Errors: bo-attach (ENOSPC: the channel's queue
  // is too short for it).
  [[nodiscard]] base::Result<void> attach(base::DbcId dbc, wire::uapi::Direction direction,
                                          std::span<const wire::uapi::AttachSliceEntry> slices);

  // A descriptor of the memory as a dma-buf. Errors: buffer-export.
  [[nodiscard]] base::Result<os::Fd> share() const;

  [[nodiscard]] base::BoHandle handle() const { return handle_; }
  // Empty before map(). Not to be touched between submission and completion.
  [[nodiscard]] base::MutableBytes bytes() const { return mapping_.writable_bytes(); }

 private:
  Buffer(std::shared_ptr<Device> device, base::BoHandle handle, std::uint64_t size)
      : device_(std::move(device)), handle_(handle), size_(size) {}

  std::shared_ptr<Device> device_;  // null after a move
  base::BoHandle handle_;
  std::uint64_t size_ = 0;
  os::Mapping mapping_;
  enum class State { free, attached } state_ = State::free;
};

}  // namespace qaic::core
