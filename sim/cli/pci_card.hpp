// A whole card behind PCIe, and what carries it to a virtual machine: what
// `qaic-sim serve` runs.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "os/signal_inbox.hpp"
#include "sim/cli/simulated_card.hpp"
#include "sim/device/card.hpp"
#include "sim/mhi/controller.hpp"
#include "sim/nsp/cores.hpp"
#include "sim/pci/config_space.hpp"
#include "sim/vfio/server.hpp"

namespace qaic::sim::cli {

class PciCard {
 public:
  struct Options {
    device::CardConfig config;
    std::string firmware;  // folder; "" = none
    mhi::BootFrom boot_from = mhi::BootFrom::pbl;
    pci::Messages messages = pci::Messages::msi;
    std::string socket;
    std::string orders;  // socket for `qaic-sim inject`; "" = none
    vfio::Server::Lifetime lifetime = vfio::Server::Lifetime::until_stopped;
  };

  // Powers the card on and listens. Error ids: those of os::LocalListener and
  // nsp::QemuCores.
  static base::Result<std::unique_ptr<PciCard>> create(Options options);
  ~PciCard();
  PciCard(const PciCard&) = delete;
  PciCard& operator=(const PciCard&) = delete;

  // Until a signal, or the only client has gone. Prints the card's messages on
  // stderr.
  void serve(os::SignalInbox& signals);
  [[nodiscard]] std::string statistics() const;

 private:
  struct Parts;
  explicit PciCard(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace qaic::sim::cli
