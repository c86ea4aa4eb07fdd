// The card's PCI configuration space: what can be written, and what that means.
// Single-threaded.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "wire/pci.hpp"

namespace qaic::sim::pci {

// The hardware has MSI; the 7.x driver takes MSI-X as well.
enum class Messages { msi, msix };

struct Identity {
  std::uint16_t device = wire::pci::kAic100;
  Messages messages = Messages::msi;
};

class ConfigSpace {
 public:
  explicit ConfigSpace(Identity identity);

  // As after power-on.
  void reset();
  // The range lies inside the 4096 bytes.
  void read(std::uint32_t offset, base::MutableBytes out) const;

  enum class Effect {
    none,
    reset,  // function-level reset, or back from D3hot: the function starts anew
  };
  [[nodiscard]] Effect write(std::uint32_t offset, base::Bytes in);

  // The function may read and write memory and send interrupts.
  [[nodiscard]] bool bus_master() const;

 private:
  void header(std::uint16_t device);
  void power(std::uint32_t next);
  void msi(std::uint32_t next);
  void msix(std::uint32_t next);
  void express();

  void put8(std::uint32_t at, std::uint32_t value) { initial_[at] = static_cast<std::byte>(value & 0xFF); }
  void put16(std::uint32_t at, std::uint32_t value);
  void put32(std::uint32_t at, std::uint32_t value);
  void may_write16(std::uint32_t at, std::uint32_t bits);
  void may_write32(std::uint32_t at, std::uint32_t bits);
  [[nodiscard]] std::uint16_t get16(std::uint32_t at) const;

  using Image = std::array<std::byte, wire::pci::kConfigSize>;
  Image initial_{};
  Image writable_{};  // bits
  Image now_{};
};

}  // namespace qaic::sim::pci
