// The one event ring: what the card tells the host about commands, transfers
// and its own state. The host gives room for it; without room the card waits.
// Source: kernel-interface §4.7, "Event ring discipline".
#pragma once

#include <cstdint>
#include <optional>

#include "sim/device/ports.hpp"
#include "sim/mhi/host_ring.hpp"

namespace qaic::sim::mhi {

class EventRing {
 public:
  explicit EventRing(device::HostMemory& memory) : memory_(memory) {}

  // Takes the ring that the context at `context` describes; false if it
  // describes none.
  bool open(std::uint64_t context);
  void close() { ring_.reset(); }

  // The read pointer must never reach the write pointer.
  [[nodiscard]] bool has_room() const;
  // Only when has_room(). Host memory that is gone ends the ring.
  void post(const wire::mhi::Element& event, bool interrupt = true);
  // The host read up to here: room for more.
  void ring(std::uint64_t write);
  // Shows the host what was posted since; the vector to raise, if any.
  [[nodiscard]] std::optional<unsigned> publish();

 private:
  device::HostMemory& memory_;
  std::optional<HostRing> ring_;
  std::uint64_t context_ = 0;
  unsigned vector_ = 0;
  bool posted_ = false;
  bool interrupt_ = false;
};

}  // namespace qaic::sim::mhi
