// One activation, for the sources of Activations alone.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/device/activations.hpp"
#include "wire/qpc.hpp"

namespace qaic::sim::device {

struct Activations::Activation {
  // A channel without a network stays `ready`. `leaving`: the exit doorbell
  // rang. `left`: all NSPs ended on their own. `dead`: crashed or hung.
  // `restarting`: dead, and its NSPs are restarted in step with the host; it
  // holds only these and its channel.
  enum class State { standby, ready, leaving, left, dead, restarting };

  std::uint32_t id = 0;
  base::UserHandle owner;
  State state = State::ready;
  std::string name;                 // of its network
  LoadedNetwork* loaded = nullptr;  // null: a channel without a network
  Pin network_pin;
  Pin constants_pin;
  Reservations::Use use;               // before what is taken from it
  std::uint64_t constants_offset = 0;  // in DDR
  std::uint64_t constants_size = 0;
  Numbers channel;
  unsigned dbc = 0;
  Numbers nsps;
  Numbers semaphores;
  std::array<std::int8_t, kSemaphores> virtual_of{};  // physical semaphore -> the network's, or -1
  Range multicast_ids;
  Range shared;  // static, then dynamic part
  Range heap;
  std::uint32_t exited = 0;  // mask of network-relative NSPs
  std::optional<std::chrono::nanoseconds> deadline;
  std::unique_ptr<CoreGroup> group;  // last: stops before its memories go

  [[nodiscard]] const Network& network() const { return loaded->network; }
  [[nodiscard]] std::uint64_t dynamic_offset() const;
};

inline std::uint64_t whole_units(std::uint64_t size) {
  return (size + kDdrUnit - 1) & ~(kDdrUnit - 1);
}

inline std::string name_of(std::uint32_t activation) {
  return "activation " + std::to_string(activation);
}

}  // namespace qaic::sim::device
