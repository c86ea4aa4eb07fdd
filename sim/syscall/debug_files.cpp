// The driver's files of debugfs (kernel-interface §6.5). In the kernel their figures
// are read from the registers at each look; here they are files.
#include <string>

#include "sim/syscall/open_node.hpp"
#include "sim/syscall/sys_tree.hpp"

namespace qaic::sim::syscall {

namespace {

std::string folder_of(const SysTreeOptions& options, std::size_t slot) {
  return "kernel/debug/accel/" + options.topology.slots[slot].address.text();
}

std::string fifo_folder(const SysTreeOptions& options, std::size_t slot, unsigned dbc) {
  const std::string number = std::to_string(dbc);
  return folder_of(options, slot) + "/dbc" + std::string(3 - number.size(), '0') + number;
}

std::string line(std::uint32_t number) {
  return std::to_string(number) + '\n';
}

}  // namespace

void add_debug_files(os::FileTree& tree, const SysTreeOptions& options, std::size_t slot) {
  constexpr unsigned kMode = 0400;
  const std::string address = options.topology.slots[slot].address.text();
  const SlotState& state = options.states[slot];
  const std::string path = folder_of(options, slot);
  tree.add_file(path + "/name", "qaic dev=" + address + " unique=" + address + '\n', kMode);
  tree.add_file(path + "/bootlog", state.boot_log, kMode);
  for (unsigned dbc = 0; dbc < wire::uapi::kDbcCount; ++dbc) {
    const std::string fifo = fifo_folder(options, slot, dbc);
    tree.add_file(fifo + "/fifo_size", line(state.fifos[dbc].size), kMode);
    tree.add_file(fifo + "/queued", line(state.fifos[dbc].queued), kMode);
  }
}

// At every EXECUTE it would make each of them slower: figures may be this old.
void Supervisor::publish_debug(std::size_t slot) {
  constexpr std::chrono::milliseconds kAge{20};
  const driver::Driver& driver = *options_.nodes[slot].driver;
  SlotState& state = options_.sys.states[slot];
  const auto now = options_.now();
  if (const auto shown = debug_shown_.find(slot); shown != debug_shown_.end() && now < shown->second + kAge) {
    debug_due_[slot] = shown->second + kAge;
    return;
  }
  debug_shown_[slot] = now;
  debug_due_.erase(slot);
  if (driver.boot_log() != state.boot_log) {
    state.boot_log = driver.boot_log();
    show_attribute(folder_of(options_.sys, slot) + "/bootlog", state.boot_log);
  }
  for (unsigned dbc = 0; dbc < state.fifos.size(); ++dbc) {
    const auto fifo = driver.fifo(base::DbcId(dbc));
    if (fifo == state.fifos[dbc]) continue;
    state.fifos[dbc] = fifo;
    const std::string path = fifo_folder(options_.sys, slot, dbc);
    show_attribute(path + "/fifo_size", line(fifo.size));
    show_attribute(path + "/queued", line(fifo.queued));
  }
}

}  // namespace qaic::sim::syscall
