// The command line of qaic-sim vm.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sim/vm/machine.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::cli {

struct VmOptions {
  std::string kernel = "6.12";  // a series, or the folder of a built tree
  std::string module;           // qaic.ko or a folder with its source; "" for the kernel's own
  std::vector<std::string> module_parameters;
  std::string kernel_arguments;
  unsigned cards = 1;
  std::string sku_name = "pro";
  wire::nnc::Sku sku = wire::nnc::Sku::pcie_pro;
  std::vector<std::string> settings;  // KEY=VALUE
  std::string boot;                   // pbl or amss
  std::string interrupts = "msi";
  vm::Iommu iommu = vm::Iommu::remap;
  std::string firmware;  // folder; "" for none
  std::vector<std::string> shares;
  unsigned memory_mib = 1024;
  unsigned cpus = 2;
  std::optional<std::chrono::milliseconds> timeout;
  std::chrono::milliseconds ready_timeout{30000};
  std::string kernel_log;
  bool fail_on_warning = false;
  bool prepare_only = false;
  std::string cache;
  std::string server;
  std::string name;
  std::vector<std::string> command;
};

// Nothing: go on. Otherwise the exit code.
std::optional<int> parse_vm_options(std::vector<std::string> arguments, VmOptions& options);

}  // namespace qaic::sim::cli
