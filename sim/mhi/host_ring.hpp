// A ring of 16-byte elements in host memory, as a context described it: taken
// once, checked, then only this copy is used. Source: kernel-interface §4.7.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/device/ports.hpp"
#include "wire/mhi.hpp"

namespace qaic::sim::mhi {

class HostRing {
 public:
  static constexpr std::uint64_t kElementBytes = sizeof(wire::mhi::Element);
  // Ours: the driver's largest ring has 128 elements.
  static constexpr std::uint64_t kMaxElements = 4096;

  HostRing() = default;
  // Nothing unless base and length are whole elements, at least two and at most
  // kMaxElements, and both pointers lie on elements of the ring.
  static std::optional<HostRing> make(std::uint64_t base, std::uint64_t length, std::uint64_t read,
                                      std::uint64_t write);

  [[nodiscard]] std::uint64_t read() const { return read_; }
  [[nodiscard]] std::uint64_t write() const { return write_; }
  [[nodiscard]] bool empty() const { return read_ == write_; }
  [[nodiscard]] bool holds(std::uint64_t pointer) const;
  [[nodiscard]] std::uint64_t after(std::uint64_t pointer) const;

  // The host's new write pointer; one that is no element of the ring is ignored.
  void set_write(std::uint64_t pointer);
  void advance() { read_ = after(read_); }

 private:
  std::uint64_t base_ = 0;
  std::uint64_t length_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t write_ = 0;
};

// A wire struct at a bus address of the host; nothing if it cannot be read.
template <base::WireStruct T>
[[nodiscard]] std::optional<T> read_host(device::HostMemory& memory, std::uint64_t address) {
  T value;
  const base::MutableBytes bytes(reinterpret_cast<std::byte*>(&value), sizeof(T));
  if (!memory.read(base::BusAddr(address), bytes)) return std::nullopt;
  return value;
}

}  // namespace qaic::sim::mhi
