// Where a PCI function sits: domain:bus:device.function.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qaic::sysfs {

struct PciAddress {
  std::uint32_t domain = 0;
  std::uint8_t bus = 0;
  std::uint8_t device = 0;
  std::uint8_t function = 0;
  // Numeric order: bus 100 comes after bus 99.
  friend auto operator<=>(const PciAddress&, const PciAddress&) = default;
};

// "0000:01:00.0", hex as the kernel writes it (domains may have more digits).
[[nodiscard]] std::optional<PciAddress> parse_pci_address(std::string_view text);
[[nodiscard]] std::string to_text(const PciAddress& address);

}  // namespace qaic::sysfs
