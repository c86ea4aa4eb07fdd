// PCI configuration space as `lspci` and libpci read it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/syscall/topology.hpp"

namespace qaic::sim::syscall {

// What a PCI function is called by its numbers.
struct PciIds {
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint32_t pci_class = 0;  // 0x120000
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem_device = 0;
};

// A memory BAR, 64-bit and not prefetchable.
struct Bar {
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // bytes
};

// PCIe link: generation 4 = 16 GT/s.
struct Link {
  unsigned generation = 4;
  unsigned width = 8;
};

inline constexpr std::size_t kConfigSize = 4096;      // bytes
inline constexpr std::size_t kConfigPublicSize = 64;  // what others than root may read

PciIds card_ids(bool is_080);
PciIds bridge_ids(Bridge::Kind kind);
// BARs 0, 2 and 4 of the slot with that index.
std::array<Bar, 3> card_bars(std::size_t index);
Link bridge_link(Bridge::Kind kind);

std::string card_config(const PciIds& ids, const std::array<Bar, 3>& bars, Link link);
std::string bridge_config(const Bridge& bridge);

}  // namespace qaic::sim::syscall
