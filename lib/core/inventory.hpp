// The cards of the host with the numbers users know them by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "lib/sysfs/cards.hpp"

namespace qaic::core {

struct InventoryCard {
  sysfs::Card card;
  std::uint32_t qid = 0;  // position by PCI address, all cards counted
  bool visible = true;    // QAIC_VISIBLE_DEVICES does not leave it out
};

struct Inventory {
  std::vector<InventoryCard> cards;
  bool driver_present = false;
};

// Cards below `sysfs_root`; `visible_devices` as in QAIC_VISIBLE_DEVICES,
// nothing = all. Hiding a card does not renumber the others. Errors:
// sysfs-pci, visible-devices.
[[nodiscard]] base::Result<Inventory> read_inventory(const std::string& sysfs_root,
                                                     std::optional<std::string_view> visible_devices);

// The same for this host and this process's environment.
[[nodiscard]] base::Result<Inventory> read_inventory();

}  // namespace qaic::core
