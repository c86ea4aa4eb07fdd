// The card as a PCI function: configuration space, MHI in BAR 0, the DMA bridge
// in BAR 2, nothing of use in BAR 4 (kernel-interface §3.1, §4.1, §4.2).
// Thread rule: the thread that owns the card.
#pragma once

#include <vector>

#include "sim/device/card.hpp"
#include "sim/mhi/controller.hpp"
#include "sim/pci/bus_master.hpp"
#include "sim/pci/config_space.hpp"
#include "sim/pci/endpoint.hpp"

namespace qaic::sim::pci {

class Function : public Endpoint {
 public:
  // All must outlive the function. Card and controller reach the host through
  // `bus_master`, which obeys the command register from now on.
  Function(Identity identity, mhi::Controller& controller, device::Card& card, BusMaster& bus_master);

  [[nodiscard]] std::uint64_t region_size(Region region) const override;
  void read(Region region, std::uint64_t offset, base::MutableBytes out) override;
  void write(Region region, std::uint64_t offset, base::Bytes in) override;
  void reset() override;
  [[nodiscard]] unsigned interrupt_count(InterruptKind kind) const override;

 private:
  void write_config(std::uint32_t offset, base::Bytes in);
  void obey_command();
  [[nodiscard]] std::uint32_t read_bridge(std::uint32_t offset) const;
  void write_bridge(std::uint32_t offset, std::uint32_t value);

  Identity identity_;
  mhi::Controller& controller_;
  device::Card& card_;
  BusMaster& bus_master_;
  ConfigSpace config_;
  std::vector<std::byte> spare_;  // BAR 4: memory, where an MSI-X table can lie
};

}  // namespace qaic::sim::pci
