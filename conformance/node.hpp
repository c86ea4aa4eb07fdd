// The accel node and its ioctls, one function each, nothing hidden: the result
// is what the kernel returned, 0 or more, or -errno. Nothing is ever repeated.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "conformance/run.hpp"
#include "os/fd.hpp"
#include "os/mapping.hpp"
#include "wire/uapi.hpp"

namespace qaic::conformance {

namespace uapi = wire::uapi;

class Node {
 public:
  Node() = default;  // a closed one
  // A new open file description of the node under test; the case fails without.
  static std::optional<Node> open(Run& run);

  [[nodiscard]] int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

  template <class T>
  [[nodiscard]] int call(std::uint32_t request, T& argument) const {
    return os::ioctl_once(fd_.get(), request, &argument);
  }

  [[nodiscard]] int create_bo(std::uint64_t size, std::uint32_t& handle) const;
  [[nodiscard]] int mmap_bo(std::uint32_t handle, std::uint64_t& offset) const;
  [[nodiscard]] int gem_close(std::uint32_t handle) const;
  [[nodiscard]] int attach(std::uint32_t dbc, std::uint32_t handle, uapi::Direction direction,
                           std::span<const uapi::AttachSliceEntry> slices) const;
  [[nodiscard]] int detach(std::uint32_t handle) const;
  [[nodiscard]] int execute(std::uint32_t dbc, std::initializer_list<std::uint32_t> handles) const;
  [[nodiscard]] int execute(std::uint32_t dbc, std::span<const std::uint32_t> handles) const;
  [[nodiscard]] int partial_execute(std::uint32_t dbc, std::uint32_t handle, std::uint64_t resize) const;
  // timeout_ms 0 is the driver's default, 5 s.
  [[nodiscard]] int wait(std::uint32_t dbc, std::uint32_t handle, std::uint32_t timeout_ms = 5000) const;

 private:
  explicit Node(os::Fd fd) : fd_(std::move(fd)) {}
  os::Fd fd_;
};

// The transactions of one MANAGE message; the same 4 KiB take the reply.
class Message {
 public:
  template <class T>
  Message& add(const T& transaction) {
    return add_bytes({reinterpret_cast<const std::byte*>(&transaction), sizeof(T)});
  }
  Message& add_bytes(base::Bytes bytes);
  // A header and zeros, `len` as claimed, `present` bytes really there.
  Message& add_header(uapi::TransactionType type, std::uint32_t len, std::size_t present);
  Message& add_passthrough(base::Bytes payload);
  Message& add_activate(std::uint32_t queue_size, std::uint32_t options = 0, std::uint32_t pad = 0);
  Message& add_deactivate(std::uint32_t dbc, std::uint32_t pad = 0);
  Message& add_dma(std::uint32_t tag, std::uint64_t addr, std::uint64_t size);

  // With what was added, or with a len and count of the caller's own.
  [[nodiscard]] int send(const Node& node);
  [[nodiscard]] int send(const Node& node, std::uint32_t len, std::uint32_t count);

  // After send(): the transaction of that type in the reply, header included.
  [[nodiscard]] base::Bytes reply(uapi::TransactionType type) const;
  // How many transactions the reply holds, by their lengths.
  [[nodiscard]] std::uint32_t transactions() const;
  [[nodiscard]] std::uint32_t reply_len() const { return message_.len; }
  [[nodiscard]] std::uint32_t reply_count() const { return message_.count; }

 private:
  // Walks the reply until `wanted` says so of a transaction; that one.
  template <class Wanted>
  base::Bytes walk(Wanted wanted) const;
  alignas(8) std::array<std::byte, uapi::kMaxManageBytes> data_{};
  std::uint32_t len_ = 0;
  std::uint32_t count_ = 0;
  uapi::ManageMessage message_{};
};

// Reads a native-endian struct out of a reply.
template <class T>
[[nodiscard]] std::optional<T> as(base::Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// A BO with its memory mapped.
struct Bo {
  std::uint32_t handle = 0;
  std::uint64_t size = 0;
  os::Mapping memory;

  static std::optional<Bo> make(Run& run, const Node& node, std::uint64_t size);
  [[nodiscard]] base::MutableBytes bytes() const { return memory.writable_bytes(); }
  void fill(unsigned seed) const;
};

[[nodiscard]] uapi::AttachSliceEntry slice(std::uint64_t size, std::uint64_t device_address,
                                           std::uint64_t offset = 0);
enum class Sync { pre, post };
[[nodiscard]] uapi::Semaphore semaphore(Sync sync, uapi::SemaphoreCommand command, std::uint8_t index,
                                        std::uint16_t value);

}  // namespace qaic::conformance
