// Where the simulated cards sit: PCI addresses, bridges above them, numbers of
// their nodes. Values only.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace qaic::sim::syscall {

struct PciAddress {
  std::uint32_t domain = 0;
  std::uint32_t bus = 0;
  std::uint32_t device = 0;
  std::uint32_t function = 0;
  friend auto operator<=>(const PciAddress&, const PciAddress&) = default;
  // "0000:81:00.0"
  [[nodiscard]] std::string text() const;
};

struct Bridge {
  enum class Kind { root_port, switch_upstream, switch_downstream };
  Kind kind = Kind::root_port;
  PciAddress address;
  std::string path;             // below /sys
  std::uint32_t secondary = 0;  // bus numbers behind it
  std::uint32_t subordinate = 0;
};

// One SoC: one PCI function, one node.
struct Slot {
  PciAddress address;
  std::string path;    // below /sys
  unsigned board = 0;  // counted from 0
  unsigned soc = 0;    // on its board
  unsigned minor = 0;  // of /dev/accel/accelN
  unsigned mhi = 0;    // of mhiN
  // The accel device: path below /sys.
  [[nodiscard]] std::string accel_path() const { return path + "/accel/accel" + std::to_string(minor); }
};

// What the host already has.
struct Taken {
  std::set<std::string> pci_addresses;  // names in /sys/bus/pci/devices
  std::set<unsigned> minors;            // of /sys/class/accel
  std::set<unsigned> mhi;               // of /sys/bus/mhi/devices
};

struct Topology {
  std::string root;  // "pci0000:80"
  std::vector<Bridge> bridges;
  std::vector<Slot> slots;  // ordered by address
};

inline constexpr unsigned kMaxNodes = 64;

// Boards with one SoC sit behind a root port each; boards with several behind
// a root port and a switch. Error ids: sim-too-many-cards.
[[nodiscard]] base::Result<Topology> place_boards(unsigned boards, unsigned socs_per_board,
                                                  const Taken& taken);

}  // namespace qaic::sim::syscall
