#include "sim/syscall/sys_tree.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sim/syscall/config_space.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::syscall {

namespace {

using os::FileTree;
using wire::nnc::Sku;

constexpr std::string_view kUp = "../";

// Channels of a card that runs (EE AMSS), in the order of their numbers
// (kernel-interface §4.9).
constexpr std::array<const char*, 10> kChannels{
    "QAIC_LOOPBACK",          "QAIC_DIAG",   "QAIC_SSR",       "QAIC_QDSS",
    "QAIC_CONTROL",           "QAIC_STATUS", "QAIC_TELEMETRY", "QAIC_DEBUG",
    "QAIC_TIMESYNC_PERIODIC", "IPCR"};

enum class Letters { lower, upper };
std::string hex(std::uint64_t value, int digits, Letters letters = Letters::lower) {
  std::array<char, 32> buffer{};
  (void)std::snprintf(buffer.data(), buffer.size(), letters == Letters::lower ? "%0*llx" : "%0*llX", digits,
                      static_cast<unsigned long long>(value));
  return buffer.data();
}

// "../" as often as `path` has components: from that folder up to /sys.
std::string up_to_sys(std::string_view path) {
  std::string out(kUp);
  for (const char c : path) {
    if (c == '/') out += kUp;
  }
  return out;
}

std::string speed_text(unsigned generation) {
  switch (generation) {
    case 3:
      return "8.0 GT/s PCIe";
    case 4:
      return "16.0 GT/s PCIe";
    default:
      return "Unknown";
  }
}

std::string uevent_text(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string out;
  for (const auto& [name, value] : variables) out += name + "=" + value + "\n";
  return out;
}

std::string alias_of(const PciIds& ids) {
  return "pci:v" + hex(ids.vendor, 8, Letters::upper) + "d" + hex(ids.device, 8, Letters::upper) + "sv" +
         hex(ids.subsystem_vendor, 8, Letters::upper) + "sd" + hex(ids.subsystem_device, 8, Letters::upper) +
         "bc" + hex(ids.pci_class >> 16, 2, Letters::upper) + "sc" +
         hex((ids.pci_class >> 8) & 0xFF, 2, Letters::upper) + "i" +
         hex(ids.pci_class & 0xFF, 2, Letters::upper);
}

std::vector<std::pair<std::string, std::string>> pci_uevent(const PciAddress& address, const PciIds& ids,
                                                            const std::string& driver) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!driver.empty()) out.emplace_back("DRIVER", driver);
  out.emplace_back("PCI_CLASS", hex(ids.pci_class, 4, Letters::upper));
  out.emplace_back("PCI_ID", hex(ids.vendor, 4, Letters::upper) + ":" + hex(ids.device, 4, Letters::upper));
  out.emplace_back("PCI_SUBSYS_ID", hex(ids.subsystem_vendor, 4, Letters::upper) + ":" +
                                        hex(ids.subsystem_device, 4, Letters::upper));
  out.emplace_back("PCI_SLOT_NAME", address.text());
  out.emplace_back("MODALIAS", alias_of(ids));
  return out;
}

PciIds ids_of(const device::CardConfig& card) {
  return card_ids(card.sku == Sku::pcie_080 || card.sku == Sku::pcie_ultra_080);
}

// What PCI functions of all kinds show (drivers/pci/pci-sysfs.c).
void add_function(FileTree& tree, const std::string& path, const PciAddress& address, const PciIds& ids,
                  Link link, const std::string& config, const SysTreeOptions& options,
                  const std::string& driver) {
  const auto file = [&](const char* name, const std::string& content, unsigned mode = 0444) {
    tree.add_file(path + "/" + name, content + "\n", mode);
  };
  file("vendor", "0x" + hex(ids.vendor, 4));
  file("device", "0x" + hex(ids.device, 4));
  file("class", "0x" + hex(ids.pci_class, 6));
  file("revision", "0x00");
  file("subsystem_vendor", "0x" + hex(ids.subsystem_vendor, 4));
  file("subsystem_device", "0x" + hex(ids.subsystem_device, 4));
  file("irq", "0");
  file("enable", "1", 0644);
  file("numa_node", "-1", 0644);
  file("local_cpulist", options.local_cpus);
  file("power_state", "D0");
  file("dma_mask_bits", "64");
  file("consistent_dma_mask_bits", "64");
  file("max_link_speed", speed_text(link.generation));
  file("max_link_width", std::to_string(link.width));
  file("current_link_speed", speed_text(link.generation));
  file("current_link_width", std::to_string(link.width));
  file("modalias", alias_of(ids));
  tree.add_file(path + "/uevent", uevent_text(pci_uevent(address, ids, driver)), 0644);
  const bool whole = options.config == SysTreeOptions::Config::whole;
  tree.add_file(path + "/config", whole ? config : config.substr(0, kConfigPublicSize), 0644);

  const std::string up = up_to_sys(path);
  tree.add_link(path + "/subsystem", up + "bus/pci");
  tree.add_link("bus/pci/devices/" + address.text(), "../../../" + path);
  if (driver.empty()) return;
  tree.add_link(path + "/driver", up + "bus/pci/drivers/" + driver);
  tree.add_link("bus/pci/drivers/" + driver + "/" + address.text(), "../../../../" + path);
}

// 13 lines: start, end, flags (include/linux/ioport.h).
std::string resource_text(const std::array<Bar, 3>& bars) {
  constexpr std::uint64_t kMemory64 = 0x140204;  // 64-bit memory, aligned to its size
  std::string out;
  for (std::size_t line = 0; line < 13; ++line) {
    Bar bar;
    if (line < 6 && line % 2 == 0) bar = bars[line / 2];
    out += "0x" + hex(bar.address, 16);
    out += " 0x" + hex(bar.size == 0 ? 0 : bar.address + bar.size - 1, 16);
    out += " 0x" + hex(bar.size == 0 ? 0 : kMemory64, 16) + "\n";
  }
  return out;
}

void add_mhi(FileTree& tree, const Slot& slot, const device::CardConfig& card, bool channels) {
  const std::string name = "mhi" + std::to_string(slot.mhi);
  const std::string controller = slot.path + "/" + name;
  const unsigned long serial = std::strtoul(card.hw_serial.c_str(), nullptr, 0);
  const auto add_device = [&](const std::string& path, const std::string& device, const std::string& driver,
                              const std::string& alias) {
    const std::string up = up_to_sys(path);
    tree.add_link(path + "/subsystem", up + "bus/mhi");
    tree.add_file(path + "/serial_number", "Serial Number: " + std::to_string(serial) + "\n");
    tree.add_link("bus/mhi/devices/" + device, "../../../" + path);
    std::vector<std::pair<std::string, std::string>> variables;
    if (!driver.empty()) {
      variables.emplace_back("DRIVER", driver);
      tree.add_link(path + "/driver", up + "bus/mhi/drivers/" + driver);
      tree.add_link("bus/mhi/drivers/" + driver + "/" + device, "../../../../" + path);
    }
    variables.emplace_back("MODALIAS", alias);
    tree.add_file(path + "/uevent", uevent_text(variables), 0644);
  };
  add_device(controller, name, {}, "mhi:" + name);
  if (!channels) return;
  for (const ChannelDevice& channel : channel_devices(slot)) {
    add_device(controller + "/" + channel.name, channel.name, channel.driver, channel.modalias);
  }
}

void add_accel(FileTree& tree, const Slot& slot, const SlotState& state) {
  const std::string name = "accel" + std::to_string(slot.minor);
  const std::string path = slot.accel_path();
  const std::string number = std::to_string(wire::uapi::kAccelMajor) + ":" + std::to_string(slot.minor);
  tree.add_file(path + "/dev", number + "\n");
  auto variables = accel_uevent(slot);
  tree.add_file(path + "/uevent", uevent_text(variables), 0644);
  tree.add_link(path + "/device", "../../../" + slot.address.text());
  tree.add_link(path + "/subsystem", up_to_sys(path) + "class/accel");
  tree.add_link("class/accel/" + name, "../../" + path);
  tree.add_link("dev/char/" + number, "../../" + path);
  for (unsigned dbc = 0; dbc < wire::uapi::kDbcCount; ++dbc) {
    tree.add_file(path + "/dbc" + std::to_string(dbc) + "_state", std::to_string(state.dbc[dbc]) + "\n");
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> accel_uevent(const Slot& slot) {
  return {{"MAJOR", std::to_string(wire::uapi::kAccelMajor)},
          {"MINOR", std::to_string(slot.minor)},
          {"DEVNAME", "accel/accel" + std::to_string(slot.minor)},
          {"DEVTYPE", "accel_minor"}};
}

std::vector<ChannelDevice> channel_devices(const Slot& slot) {
  std::vector<ChannelDevice> out;
  for (const char* channel : kChannels) {
    const bool is_control = std::string_view(channel) == "QAIC_CONTROL";
    out.push_back({"mhi" + std::to_string(slot.mhi) + "_" + channel, std::string("mhi:") + channel,
                   is_control ? "qaic_mhi" : ""});
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> function_uevent(const SysTreeOptions& options,
                                                                 std::size_t slot) {
  return pci_uevent(options.topology.slots[slot].address, ids_of(options.cards[slot]),
                    options.states[slot].bound ? "qaic" : "");
}

std::string dump_path(const SysTreeOptions& options, std::size_t slot) {
  return "devices/virtual/devcoredump/devcd" + std::to_string(options.states[slot].dump_number);
}

std::vector<WritableAttribute> writable_attributes(const SysTreeOptions& options) {
  using Action = WritableAttribute::Action;
  std::vector<WritableAttribute> out;
  for (std::size_t i = 0; i < options.topology.slots.size(); ++i) {
    const Slot& slot = options.topology.slots[i];
    const SlotState& state = options.states[i];
    if (state.dump) out.push_back({Action::drop_dump, dump_path(options, i) + "/data", i, 0600, *state.dump});
    if (!state.present) continue;
    out.push_back({Action::reset_pci, slot.path + "/reset", i, 0200, {}});
    out.push_back({Action::remove, slot.path + "/remove", i, 0220, {}});
    out.push_back({Action::rescan, slot.path + "/rescan", i, 0220, {}});
    if (!state.bound) continue;
    const std::string controller = slot.path + "/mhi" + std::to_string(slot.mhi);
    out.push_back({Action::reset_soc, controller + "/soc_reset", i, 0200, {}});
    if (!state.channels) continue;
    for (const ChannelDevice& channel : channel_devices(slot)) {
      out.push_back({Action::reset_soc, controller + "/" + channel.name + "/soc_reset", i, 0200, {}});
    }
  }
  out.push_back({Action::rescan, "bus/pci/rescan", 0, 0200, {}});
  out.push_back({Action::bind, "bus/pci/drivers/qaic/bind", 0, 0200, {}});
  out.push_back({Action::unbind, "bus/pci/drivers/qaic/unbind", 0, 0200, {}});
  const std::string parameters = "module/qaic/parameters/";
  out.push_back({Action::control_timeout, parameters + "control_resp_timeout_s", 0, 0600,
                 std::to_string(options.parameters.control_resp_timeout.count()) + "\n"});
  out.push_back({Action::wait_timeout, parameters + "wait_exec_default_timeout_ms", 0, 0600,
                 std::to_string(options.parameters.wait_exec_default_timeout.count()) + "\n"});
  return out;
}

os::FileTree sys_tree(const SysTreeOptions& options) {
  FileTree tree;
  // There also while no card is.
  for (const char* folder :
       {"class/accel", "class/devcoredump", "devices/virtual/devcoredump", "dev/char", "bus/mhi/devices",
        "bus/mhi/drivers/qaic_mhi", "bus/pci", "bus/pci/devices", "bus/pci/drivers/qaic"}) {
    tree.add_folder(folder);
  }
  const Topology& topology = options.topology;
  tree.add_file("devices/" + topology.root + "/uevent", "", 0644);
  for (const Bridge& bridge : topology.bridges) {
    add_function(tree, bridge.path, bridge.address, bridge_ids(bridge.kind), bridge_link(bridge.kind),
                 bridge_config(bridge), options, "pcieport");
    tree.add_file(bridge.path + "/resource", resource_text({}));
  }
  for (std::size_t i = 0; i < topology.slots.size(); ++i) {
    const Slot& slot = topology.slots[i];
    const device::CardConfig& card = options.cards[i];
    const SlotState& state = options.states[i];
    if (state.dump) {
      const std::string path = dump_path(options, i);
      const std::string name = path.substr(path.rfind('/') + 1);
      tree.add_link("class/devcoredump/" + name, "../../" + path);
      tree.add_link(path + "/failing_device", up_to_sys(path) + slot.path);
      tree.add_link(path + "/subsystem", up_to_sys(path) + "class/devcoredump");
      tree.add_file(path + "/uevent", "", 0644);
    }
    if (!state.present) continue;
    const PciIds ids = ids_of(card);
    const auto bars = card_bars(i);
    const Link link;
    add_function(tree, slot.path, slot.address, ids, link, card_config(ids, bars, link), options,
                 state.bound ? "qaic" : "");
    tree.add_file(slot.path + "/resource", resource_text(bars));
    if (!state.bound) continue;
    add_accel(tree, slot, state);
    add_mhi(tree, slot, card, state.channels);
    if (options.debug == SysTreeOptions::Debug::shown) add_debug_files(tree, options, i);
    if (!state.channels) continue;
    tree.add_file(slot.path + "/ce_count", std::to_string(state.ras.correctable) + "\n");
    tree.add_file(slot.path + "/ue_count", std::to_string(state.ras.uncorrectable) + "\n");
    tree.add_file(slot.path + "/ue_nonfatal_count", std::to_string(state.ras.nonfatal) + "\n");
  }
  for (const WritableAttribute& attribute : writable_attributes(options)) {
    tree.add_file(attribute.path, attribute.content, attribute.mode);
  }
  tree.add_file("module/qaic/parameters/datapath_polling", "N\n", 0400);
  tree.add_link("bus/pci/drivers/qaic/module", "../../../../module/qaic");
  tree.add_link("module/qaic/drivers/pci:qaic", "../../../bus/pci/drivers/qaic");
  return tree;
}

os::FileTree dev_tree(const SysTreeOptions& options) {
  FileTree tree;
  tree.add_folder("accel");
  for (std::size_t i = 0; i < options.topology.slots.size(); ++i) {
    if (!options.states[i].present || !options.states[i].bound) continue;
    tree.add_file("accel/accel" + std::to_string(options.topology.slots[i].minor), "", options.node_mode);
  }
  return tree;
}

}  // namespace qaic::sim::syscall
