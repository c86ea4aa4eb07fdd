// A PCI function as whatever carries it (a vfio-user socket) sees it: regions
// to read and write, a reset, and how many interrupts of each kind it has.
// Thread rule: the thread that owns the card.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::sim::pci {

// Numbers as in VFIO.
enum class Region : std::uint32_t {
  bar0 = 0,
  bar1 = 1,
  bar2 = 2,
  bar3 = 3,
  bar4 = 4,
  bar5 = 5,
  rom = 6,
  config = 7,
  vga = 8,
};

enum class InterruptKind : std::uint32_t { intx = 0, msi = 1, msix = 2, error = 3, request = 4 };

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Bytes; 0: there is no such region.
  [[nodiscard]] virtual std::uint64_t region_size(Region region) const = 0;
  // Any width and alignment; the range lies inside the region.
  virtual void read(Region region, std::uint64_t offset, base::MutableBytes out) = 0;
  virtual void write(Region region, std::uint64_t offset, base::Bytes in) = 0;
  // As after power-on: configuration space too.
  virtual void reset() = 0;
  [[nodiscard]] virtual unsigned interrupt_count(InterruptKind kind) const = 0;
};

}  // namespace qaic::sim::pci
