#include "lib/core/inventory.hpp"

#include <algorithm>
#include <cstdlib>

#include "lib/sysfs/visible.hpp"

namespace qaic::core {

base::Result<Inventory> read_inventory(const std::string& sysfs_root,
                                       std::optional<std::string_view> visible_devices) {
  std::optional<std::vector<std::uint32_t>> visible;
  if (visible_devices) {
    QAIC_TRY(visible, sysfs::parse_visible_devices(*visible_devices));
  }
  QAIC_TRY(auto cards, sysfs::read_cards(sysfs_root));
  Inventory inventory;
  inventory.driver_present = sysfs::driver_present(sysfs_root);
  inventory.cards.reserve(cards.size());
  for (auto& card : cards) {
    const auto qid = static_cast<std::uint32_t>(inventory.cards.size());
    const bool shown = !visible || std::find(visible->begin(), visible->end(), qid) != visible->end();
    inventory.cards.push_back({std::move(card), qid, shown});
  }
  return inventory;
}

base::Result<Inventory> read_inventory() {
  const char* visible = std::getenv("QAIC_VISIBLE_DEVICES");
  return read_inventory("/sys", visible == nullptr ? std::nullopt : std::optional<std::string_view>(visible));
}

}  // namespace qaic::core
