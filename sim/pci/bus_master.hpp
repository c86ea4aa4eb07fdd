// The function's own accesses to memory and its interrupts, which go out only
// while the host lets it be a bus master. Single-threaded.
#pragma once

#include "sim/device/ports.hpp"

namespace qaic::sim::pci {

class BusMaster : public device::HostMemory, public device::Interrupts {
 public:
  // Both must outlive it. Not allowed anything at first.
  BusMaster(device::HostMemory& memory, device::Interrupts& interrupts)
      : memory_(memory), interrupts_(interrupts) {}

  enum class Right { none, granted };
  void set(Right right) { right_ = right; }

  base::Result<void> read(base::BusAddr from, base::MutableBytes out) override;
  base::Result<void> write(base::BusAddr to, base::Bytes in) override;
  void raise(unsigned vector) override;

 private:
  device::HostMemory& memory_;
  device::Interrupts& interrupts_;
  Right right_ = Right::none;
};

}  // namespace qaic::sim::pci
