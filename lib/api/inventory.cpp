#include <qaic/qaic.h>

#include <memory>

#include "lib/api/boundary.hpp"
#include "lib/core/inventory.hpp"

struct qaic_inventory {
  qaic::core::Inventory inventory;
};

namespace qaic::api {

namespace {

qaic_card_info card_info(const core::InventoryCard& entry) {
  const sysfs::Card& card = entry.card;
  qaic_card_info info{};
  info.qid = entry.qid;
  info.visible = entry.visible ? 1 : 0;
  set_text(info.pci_address, sysfs::to_text(card.address));
  set_text(info.pci_info, sysfs::pci_info(card));
  info.vendor = card.vendor;
  info.device = card.device;
  info.pci_class = card.pci_class;
  set_text(info.node, card.node.empty() ? std::string() : "/dev/accel/" + card.node);
  set_text(info.driver, card.driver);
  set_text(info.mhi, card.mhi);
  if (card.link_max) {
    info.present |= QAIC_CARD_LINK_MAX;
    info.link_max_mtps = card.link_max->mtps;
    info.link_max_width = card.link_max->width;
  }
  if (card.link_current) {
    info.present |= QAIC_CARD_LINK_CURRENT;
    info.link_current_mtps = card.link_current->mtps;
    info.link_current_width = card.link_current->width;
  }
  info.numa_node = -1;
  if (card.numa_node) {
    info.present |= QAIC_CARD_NUMA_NODE;
    info.numa_node = *card.numa_node;
  }
  if (card.soc_temperature_millicelsius) {
    info.present |= QAIC_CARD_SOC_TEMPERATURE;
    info.soc_temperature_millicelsius = *card.soc_temperature_millicelsius;
  }
  if (card.board_power_microwatts) {
    info.present |= QAIC_CARD_BOARD_POWER;
    info.board_power_microwatts = *card.board_power_microwatts;
  }
  if (card.tdp_cap_microwatts) {
    info.present |= QAIC_CARD_TDP_CAP;
    info.tdp_cap_microwatts = *card.tdp_cap_microwatts;
  }
  return info;
}

}  // namespace

}  // namespace qaic::api

using namespace qaic;

extern "C" {

int qaic_inventory_read(qaic_inventory** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto inventory, core::read_inventory());
    *out = std::make_unique<qaic_inventory>(qaic_inventory{std::move(inventory)}).release();
    return {};
  });
}

void qaic_inventory_free(qaic_inventory* inventory) {
  const std::unique_ptr<qaic_inventory> owner(inventory);
}

size_t qaic_inventory_count(const qaic_inventory* inventory) {
  return inventory == nullptr ? 0 : inventory->inventory.cards.size();
}

int qaic_inventory_card(const qaic_inventory* inventory, size_t index, qaic_card_info* out,
                        qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inventory == nullptr) return base::fail(api::null_argument("inventory"));
    if (index >= inventory->inventory.cards.size()) {
      return base::fail(base::make_error(base::ErrorKind::usage, "index",
                                         "the inventory has no card " + std::to_string(index)));
    }
    return api::give(out, api::card_info(inventory->inventory.cards[index]));
  });
}

int qaic_inventory_driver_present(const qaic_inventory* inventory) {
  return inventory != nullptr && inventory->inventory.driver_present ? 1 : 0;
}

}  // extern "C"
