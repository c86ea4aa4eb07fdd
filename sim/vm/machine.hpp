// The virtual machine as QEMU's command line.
#pragma once

#include <string>
#include <vector>

#include "sim/vm/guest_plan.hpp"

namespace qaic::sim::vm {

// How interrupts and DMA of the cards reach the guest.
enum class Iommu {
  off,     // no IOMMU: the driver gets one shared MSI
  remap,   // interrupt remapping, as on servers: a vector per DMA bridge channel
  strict,  // DMA translated as well, every mapping undone at once
};

// One board: the sockets of its SoCs' servers, several behind a PCIe switch.
using BoardSockets = std::vector<std::string>;

struct Machine {
  std::string qemu;  // folder of the unpacked QEMU
  std::string kernel;
  std::string initramfs;
  std::string kernel_arguments;  // added to our own
  Iommu iommu = Iommu::remap;
  unsigned memory_mib = 1024;
  unsigned cpus = 2;
  std::vector<BoardSockets> boards;
  std::string firmware;  // folder shared as kFirmwareTag; "" for none
  std::vector<Share> writable;
  std::string console;  // file for what the kernel prints
  int port = -1;        // our side's end of the virtio-serial port, inherited by QEMU
};

inline constexpr const char* kFirmwareTag = "qaic-firmware";

// argv, the program first. QEMU is entered through its own loader, so that the
// host's libraries do not matter.
[[nodiscard]] std::vector<std::string> qemu_command(const Machine& machine);
// NAME=VALUE, besides the caller's environment.
[[nodiscard]] std::string qemu_module_folder(const Machine& machine);

}  // namespace qaic::sim::vm
