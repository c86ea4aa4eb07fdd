// The files by which a program finds the simulated cards: what the kernel, the
// MHI bus and the qaic driver show below /sys and /dev (kernel-interface §1.1,
// §4.12, §6.6). An attribute that the simulated card cannot answer truly is
// absent.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/file_tree.hpp"
#include "sim/device/card.hpp"
#include "sim/driver/driver.hpp"
#include "sim/syscall/topology.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::syscall {

// What changes while cards live.
struct SlotState {
  bool present = true;                                // the PCI function is there
  bool bound = true;                                  // to the driver
  bool channels = true;                               // of MHI, once the card's system manager runs
  std::array<unsigned, wire::uapi::kDbcCount> dbc{};  // dbcN_state
  driver::Driver::RasCounts ras;
  // Of debugfs.
  std::string boot_log;
  std::array<driver::Driver::Fifo, wire::uapi::kDbcCount> fifos{};
  // A device core dump, until it is written to or grew old, and its number.
  std::optional<std::string> dump;
  unsigned dump_number = 0;
};

struct SysTreeOptions {
  Topology topology;
  std::vector<device::CardConfig> cards;  // one per slot
  std::vector<SlotState> states;          // likewise
  driver::Parameters parameters;
  // All of the configuration space, as root sees it, or its first 64 bytes.
  enum class Config { whole, header } config = Config::header;
  // debugfs has a place in /sys, and the programs are root's.
  enum class Debug { hidden, shown } debug = Debug::hidden;
  unsigned node_mode = 0666;  // as a rule of udev would have made it
  std::string local_cpus;     // list of CPUs near the cards, "0-1"
};

// Below /sys.
[[nodiscard]] os::FileTree sys_tree(const SysTreeOptions& options);
// Below /dev.
[[nodiscard]] os::FileTree dev_tree(const SysTreeOptions& options);

// An attribute that can be written, below /sys.
struct WritableAttribute {
  enum class Action {
    reset_soc,
    reset_pci,
    remove,
    rescan,
    bind,
    unbind,
    drop_dump,
    control_timeout,
    wait_timeout
  };
  Action action = Action::reset_soc;
  std::string path;
  std::size_t slot = 0;  // for those of one card
  unsigned mode = 0200;
  std::string content;
};
[[nodiscard]] std::vector<WritableAttribute> writable_attributes(const SysTreeOptions& options);

// Names of the MHI channels' devices, "mhi0_QAIC_CONTROL", and the driver that takes them, "" for none.
struct ChannelDevice {
  std::string name;
  std::string modalias;
  std::string driver;
};
// The driver's files of debugfs.
void add_debug_files(os::FileTree& tree, const SysTreeOptions& options, std::size_t slot);
// The folder of a slot's device core dump.
[[nodiscard]] std::string dump_path(const SysTreeOptions& options, std::size_t slot);
[[nodiscard]] std::vector<ChannelDevice> channel_devices(const Slot& slot);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> function_uevent(const SysTreeOptions& options,
                                                                               std::size_t slot);

// The variables of an accel device's uevent.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> accel_uevent(const Slot& slot);

}  // namespace qaic::sim::syscall
