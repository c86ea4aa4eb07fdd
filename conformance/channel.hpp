// An activated DBC of one open file, and where on the card its data may go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conformance/node.hpp"
#include "conformance/run.hpp"

namespace qaic::conformance {

inline constexpr std::uint32_t kQueueElements = 64;

// A DBC without a network is a simulated card's own offer: it gives each 64 MiB
// of memory here, and an activation id that says so.
inline constexpr std::uint64_t kBareDeviceAddress = 0x80'0000'0000;
inline constexpr std::uint64_t kBareDeviceSize = 64ULL << 20;
inline constexpr std::uint32_t kBareActivation = 0x8000'0000;

struct Channel {
  std::uint32_t dbc = 0;
  std::uint64_t device_address = kBareDeviceAddress;
  std::optional<std::uint32_t> activation;  // of the network, if there is one
  std::uint64_t multicast_address = 0;      // the network's windows on its cores

  // Activates with Settings::network if given, else with the transaction alone.
  // Nothing if that cannot be had: the case is then skipped with the card's
  // reason, or failed if the driver's answer makes no sense.
  static std::optional<Channel> activate(Run& run, const Node& node, std::uint32_t elements = kQueueElements);
  // With this network.
  static std::optional<Channel> activate_network(Run& run, const Node& node, const std::string& elf,
                                                 std::uint32_t elements = kQueueElements);
  // The card's command and the driver's transaction in one message. EPROTO if the
  // driver is content but the card refused.
  [[nodiscard]] int deactivate(const Node& node) const;
  // And how many transactions the reply is said to have, and has.
  [[nodiscard]] int deactivate(const Node& node, std::uint32_t& count, std::uint32_t& held) const;
};

// What most cases on a DBC need: an open node, and a channel activated on it.
struct Session {
  Node node;
  Channel channel;
  static std::optional<Session> start(Run& run, std::uint32_t elements = kQueueElements);
};

}  // namespace qaic::conformance
