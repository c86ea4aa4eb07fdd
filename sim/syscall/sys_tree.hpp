// The files by which a program finds the simulated cards: what the kernel, the
// MHI bus and the qaic driver show below /sys and /dev (kernel-interface §1.1,
// §4.12, §6.6). An attribute that the simulated card cannot answer truly is
// absent.
#pragma once

#include <string>
#include <vector>

#include "os/file_tree.hpp"
#include "sim/device/card.hpp"
#include "sim/driver/driver.hpp"
#include "sim/syscall/topology.hpp"

namespace qaic::sim::syscall {

struct SysTreeOptions {
  const Topology& topology;
  const std::vector<device::CardConfig>& cards;  // one per slot
  driver::Parameters parameters;
  // All of the configuration space, as root sees it, or its first 64 bytes.
  enum class Config { whole, header } config = Config::header;
  std::string local_cpus;  // list of CPUs near the cards, "0-1"
};

// Below /sys.
[[nodiscard]] os::FileTree sys_tree(const SysTreeOptions& options);
// Below /dev.
[[nodiscard]] os::FileTree dev_tree(const Topology& topology);

// The variables of an accel device's uevent.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> accel_uevent(const Slot& slot);

}  // namespace qaic::sim::syscall
