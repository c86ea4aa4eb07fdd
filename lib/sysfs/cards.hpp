// The Cloud AI cards of the host as /sys shows them. Reads only, opens no
// device node. Sources: kernel-interface §1.1, runtime-protocols §3.2; the
// kernel's Documentation/ABI/testing/sysfs-bus-pci.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "lib/sysfs/pci_address.hpp"

namespace qaic::sysfs {

inline constexpr std::uint16_t kVendorQualcomm = 0x17CB;
inline constexpr std::uint16_t kDeviceAic100 = 0xA100;
inline constexpr std::uint16_t kDeviceAic080 = 0xA080;
inline constexpr std::uint16_t kDeviceAic200 = 0xA110;

// A PCIe link at its best or as it is.
struct Link {
  std::uint32_t mtps = 0;   // mega-transfers per second of one lane: 16000 = 16 GT/s
  std::uint32_t width = 0;  // lanes
};

// What is not there is not there: no zero stands for "could not be read".
struct Card {
  PciAddress address;
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint32_t pci_class = 0;  // 0x120000: processing accelerator
  std::string node;             // "accel0"; empty when no driver made one
  std::string driver;           // "qaic"; empty when none is bound
  std::string mhi;              // "mhi0"; empty when there is none
  std::optional<Link> link_max;
  std::optional<Link> link_current;
  std::optional<std::int32_t> numa_node;
  // Offered by the out-of-tree driver only.
  std::optional<std::int32_t> soc_temperature_millicelsius;
  std::optional<std::uint64_t> board_power_microwatts;
  std::optional<std::uint64_t> tdp_cap_microwatts;
};

// Cards below `root` ("/sys"), sorted by PCI address. No PCI bus at all means
// no cards, not an error. Errors: sysfs-pci (the bus cannot be listed).
[[nodiscard]] base::Result<std::vector<Card>> read_cards(const std::string& root);

// Whether the qaic driver is loaded or built in.
[[nodiscard]] bool driver_present(const std::string& root);

// "Processing accelerators Qualcomm Device a100": names of our cards are built
// in, because the PCI name database costs more than everything else together.
[[nodiscard]] std::string pci_info(const Card& card);

// "16.0 GT/s PCIe" -> 16000; nothing for "Unknown".
[[nodiscard]] std::optional<std::uint32_t> parse_link_speed(std::string_view text);

}  // namespace qaic::sysfs
