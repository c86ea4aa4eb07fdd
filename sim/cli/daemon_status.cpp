// What `qaic-sim status` tells of the cards.
#include "sim/cli/daemon.hpp"
#include "sim/cli/skus.hpp"

#include "os/process.hpp"

namespace qaic::sim::cli {

using nlohmann::json;

namespace {

json resources(const wire::nnc::StatusResponse& status) {
  constexpr std::uint64_t kMegabyte = 1024 * 1024;
  const wire::nnc::ResourceInfo& info = status.resources;
  return {{"dram_total_bytes", info.dram_total.get() * kMegabyte},
          {"dram_free_bytes", info.dram_free.get() * kMegabyte},
          {"nsp_total", info.nsp_total},
          {"nsp_free", info.nsp_free},
          {"virtual_channels_total", info.vc_total},
          {"virtual_channels_free", info.vc_free},
          {"semaphores_total", info.semaphore_total.get()},
          {"semaphores_free", info.semaphore_free.get()},
          {"constants_loaded", status.constants_loaded.get()},
          {"networks_loaded", status.networks_loaded},
          {"networks_active", status.networks_active}};
}

}  // namespace

json Daemon::card_status(std::size_t slot) const {
  const syscall::Slot& place = parts_.cards.topology().slots[slot];
  const driver::Driver& driver = parts_.cards.driver(slot);
  const device::CardConfig& config = parts_.cards.config(slot);
  const syscall::SlotState& shown = parts_.supervisor.state(slot);
  const std::string state = !shown.present    ? "removed"
                            : !shown.bound    ? "unbound"
                            : driver.online() ? "ready"
                                              : "booting";
  json absent = json::object();
  if (!driver.online()) {
    absent["resources"] = {{"reason", "not-ready"}, {"hint", "a card that is " + state + " tells nothing"}};
  }
  json channels = json::array();
  for (std::uint32_t dbc = 0; dbc < wire::uapi::kDbcCount; ++dbc) {
    if (const unsigned now = driver.dbc_state(base::DbcId(dbc)); now != 0) {
      channels.push_back({{"dbc", dbc}, {"state", now}});
    }
  }
  json holders = json::array();
  for (const auto& holder : parts_.supervisor.holders()) {
    if (holder.slot == slot) holders.push_back({{"process", holder.process}, {"program", holder.name}});
  }
  const auto& errors = driver.ras_counts();
  return {{"card", slot},
          {"accel", parts_.cards.name(slot)},
          {"pci_address", place.address.text()},
          {"board", place.board},
          {"soc", place.soc},
          {"sku", sku_name(config.sku)},
          {"board_serial", config.board_serial},
          {"state", state},
          {"resources", driver.online() ? resources(driver.card().status()) : json()},
          {"errors",
           {{"correctable", errors.correctable},
            {"uncorrectable", errors.uncorrectable},
            {"uncorrectable_nonfatal", errors.nonfatal}}},
          {"channels", std::move(channels)},
          {"holders", std::move(holders)},
          {"held", driver.card().held()},
          {"mapped_ranges", driver.mapped_ranges()},
          {"absent", std::move(absent)}};
}

json Daemon::status() const {
  json devices = json::array();
  for (std::size_t slot = 0; slot < parts_.cards.size(); ++slot) devices.push_back(card_status(slot));
  json programs = json::array();
  for (const Client& client : clients_) {
    if (!client.program) continue;
    programs.push_back({{"process", client.process}, {"name", client.name}, {"since", client.since}});
  }
  return {{"devices", std::move(devices)},
          {"cards",
           {{"name", parts_.name},
            {"process", os::process_id()},
            {"since", since_},
            {"log", parts_.log_path},
            {"programs", std::move(programs)}}}};
}

}  // namespace qaic::sim::cli
