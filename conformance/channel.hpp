// An activated DBC of one open file, and where on the card its data may go.
#pragma once

#include <cstdint>
#include <optional>

#include "conformance/node.hpp"
#include "conformance/run.hpp"

namespace qaic::conformance {

inline constexpr std::uint32_t kQueueElements = 64;

// Device address used where no network was activated that names one.
inline constexpr std::uint64_t kBareDeviceAddress = 0x1'0000'0000;

struct Channel {
  std::uint32_t dbc = 0;
  std::uint64_t device_address = kBareDeviceAddress;
  std::optional<std::uint32_t> activation;  // of the network, if there is one

  // Activates with Settings::network if given, else with the transaction alone.
  // Nothing if that cannot be had: the case is then skipped with the card's
  // reason, or failed if the driver's answer makes no sense.
  static std::optional<Channel> activate(Run& run, const Node& node, std::uint32_t elements = kQueueElements);
  // The card's command and the driver's transaction in one message.
  [[nodiscard]] int deactivate(const Node& node) const;
};

// What most cases on a DBC need: an open node, and a channel activated on it.
struct Session {
  Node node;
  Channel channel;
  static std::optional<Session> start(Run& run, std::uint32_t elements = kQueueElements);
};

}  // namespace qaic::conformance
