// The interrupts that the client wants to hear of, each an eventfd.
// Thread rule: the thread that owns the card.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "os/fd.hpp"
#include "sim/device/ports.hpp"
#include "sim/pci/endpoint.hpp"
#include "wire/vfio_user.hpp"

namespace qaic::sim::vfio {

class InterruptLines : public device::Interrupts {
 public:
  // Lines [start, start + events.size()) are heard by these from now on. False,
  // and nothing changed, if one of them is no eventfd.
  [[nodiscard]] bool assign(pci::InterruptKind kind, unsigned start, std::vector<os::Fd> events);
  void release(pci::InterruptKind kind, unsigned start, unsigned count);
  void release(pci::InterruptKind kind);
  void clear();
  // Signals one line as the card would.
  void trigger(pci::InterruptKind kind, unsigned line);

  // MSI-X where the client has switched on some of it, else MSI. A vector that
  // is not switched on falls to vector 0, as with a function that was granted
  // one message (kernel-interface §3.7); without that, nobody hears it.
  void raise(unsigned vector) override;

 private:
  using Lines = std::vector<os::Fd>;
  [[nodiscard]] Lines& lines(pci::InterruptKind kind) { return lines_[static_cast<std::size_t>(kind)]; }

  std::array<Lines, wire::vfio_user::kIrqs> lines_;
};

}  // namespace qaic::sim::vfio
