// Cards that come and go: what programs see of it in /sys, and the uevents.
// The order is the kernel's (kernel-interface §4.10, §6.7).
#include <utility>

#include "sim/syscall/open_node.hpp"
#include "sim/syscall/sys_tree.hpp"

namespace qaic::sim::syscall {

void Supervisor::announce(const std::string& action, const std::string& path, const std::string& subsystem,
                          const Variables& variables) {
  if (!uevents_) return;  // nobody listens
  Variables all{{"ACTION", action}, {"DEVPATH", "/" + path}, {"SUBSYSTEM", subsystem}};
  all.insert(all.end(), variables.begin(), variables.end());
  const auto announced = uevents_->announce(action, "/" + path, all);
  if (!announced && options_.warn) options_.warn(announced.error());
}

void Supervisor::announce_accel(std::size_t slot, const std::string& action, const Variables& more) {
  const Slot& place = options_.sys.topology.slots[slot];
  Variables variables = more;
  for (auto& variable : accel_uevent(place)) variables.push_back(std::move(variable));
  announce(action, place.accel_path(), "accel", variables);
}

void Supervisor::announce_mhi(std::size_t slot, const std::string& action, const Variables& more) {
  const Slot& place = options_.sys.topology.slots[slot];
  const std::string name = "mhi" + std::to_string(place.mhi);
  Variables variables = more;
  variables.emplace_back("MODALIAS", "mhi:" + name);
  announce(action, place.path + "/" + name, "mhi", variables);
}

void Supervisor::announce_channels(std::size_t slot, bool come) {
  const Slot& place = options_.sys.topology.slots[slot];
  const std::string controller = place.path + "/mhi" + std::to_string(place.mhi) + "/";
  for (const ChannelDevice& channel : channel_devices(place)) {
    const std::string path = controller + channel.name;
    const Variables alias{{"MODALIAS", channel.modalias}};
    if (come) announce("add", path, "mhi", alias);
    if (!channel.driver.empty()) {
      Variables bound = alias;
      if (come) bound.insert(bound.begin(), {"DRIVER", channel.driver});
      announce(come ? "bind" : "unbind", path, "mhi", bound);
    }
    if (!come) announce("remove", path, "mhi", alias);
  }
}

// What the driver's state makes of the tree.
void Supervisor::follow_presence(std::size_t slot) {
  SlotState& state = options_.sys.states[slot];
  const driver::Driver& driver = *options_.nodes[slot].driver;
  const bool channels = driver.channels_up();
  if (channels == state.channels) return;
  state.channels = channels;
  if (channels) {
    refresh();
    announce_channels(slot, true);
  } else {
    announce_channels(slot, false);
    refresh();
  }
}

void Supervisor::follow(std::size_t slot) {
  options_.nodes[slot].driver->tick();
  publish(slot);
}

void Supervisor::publish(std::size_t slot) {
  driver::Driver& driver = *options_.nodes[slot].driver;
  if (options_.tell) {
    for (const std::string& line : driver.take_messages()) options_.tell(slot, line);
  }
  SlotState& state = options_.sys.states[slot];
  const Slot& place = options_.sys.topology.slots[slot];
  for (const driver::Uevent& uevent : driver.take_uevents()) {
    if (uevent.device == driver::Uevent::Device::mhi) {
      announce_mhi(slot, uevent.action, uevent.environment);
      continue;
    }
    if (uevent.action == "online") follow_presence(slot);
    for (const auto& [name, value] : uevent.environment) {
      if (name != "DBC_ID") continue;
      const auto dbc = static_cast<unsigned>(std::stoul(value));
      state.dbc[dbc] = driver.dbc_state(base::DbcId(dbc));
      show_attribute(place.accel_path() + "/dbc" + value + "_state", std::to_string(state.dbc[dbc]) + "\n");
    }
    announce_accel(slot, uevent.action, uevent.environment);
  }
  if (state.bound) follow_presence(slot);
  if (const auto& ras = driver.ras_counts(); ras != state.ras) {
    state.ras = ras;
    show_attribute(place.path + "/ce_count", std::to_string(ras.correctable) + "\n");
    show_attribute(place.path + "/ue_count", std::to_string(ras.uncorrectable) + "\n");
    show_attribute(place.path + "/ue_nonfatal_count", std::to_string(ras.nonfatal) + "\n");
  }
  if (options_.sys.debug == SysTreeOptions::Debug::shown && state.bound) publish_debug(slot);
  if (const auto dump = driver.take_dump()) {
    if (state.dump) return;  // while one is there, others are dropped
    constexpr std::chrono::minutes kKept{5};
    state.dump = std::string(base::as_text(*dump));
    state.dump_number = ++dumps_;
    dumps_end_[slot] = options_.now() + kKept;
    refresh();
    announce("add", dump_path(options_.sys, slot), "devcoredump", {});
  }
}

void Supervisor::drop_dump(std::size_t slot) {
  SlotState& state = options_.sys.states[slot];
  if (!state.dump) return;
  announce("remove", dump_path(options_.sys, slot), "devcoredump", {});
  state.dump.reset();
  dumps_end_.erase(slot);
  refresh();
}

void Supervisor::set_bound(std::size_t slot, bool bound) {
  SlotState& state = options_.sys.states[slot];
  if (state.bound == bound) return;
  const Slot& place = options_.sys.topology.slots[slot];
  driver::Driver& driver = *options_.nodes[slot].driver;
  if (bound) {
    state.bound = true;
    state.channels = false;
    state.dbc = {};
    refresh();
    announce_accel(slot, "add", {});
    announce_mhi(slot, "add", {});
    announce("bind", place.path, "pci", function_uevent(options_.sys, slot));
    driver.probe();
    publish(slot);
    return;
  }
  driver.remove();
  publish(slot);
  announce_mhi(slot, "remove", {});
  announce_accel(slot, "remove", {});
  state.bound = false;
  refresh();
  announce("unbind", place.path, "pci", function_uevent(options_.sys, slot));
}

void Supervisor::unbind(std::size_t slot) {
  set_bound(slot, false);
}

void Supervisor::pull_out(std::size_t slot) {
  if (!options_.sys.states[slot].present) return;
  set_bound(slot, false);
  const auto variables = function_uevent(options_.sys, slot);
  options_.sys.states[slot].present = false;
  refresh();
  announce("remove", options_.sys.topology.slots[slot].path, "pci", variables);
}

void Supervisor::rescan() {
  for (std::size_t slot = 0; slot < options_.nodes.size(); ++slot) {
    if (options_.sys.states[slot].present) continue;
    options_.sys.states[slot].present = true;
    refresh();
    announce("add", options_.sys.topology.slots[slot].path, "pci", function_uevent(options_.sys, slot));
    set_bound(slot, true);
  }
}

}  // namespace qaic::sim::syscall
