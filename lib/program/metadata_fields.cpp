// Names of fields and of their values. The names that programs use in their
// list of required fields are 82 in all.
// Source: runtime-protocols §1.4.
#include <algorithm>
#include <array>

#include "lib/program/metadata.hpp"

namespace qaic::program {
namespace {

using wire::uapi::SemaphoreCommand;

struct CommandRow {
  std::string_view name;
  SemaphoreCommand command;
};
constexpr std::array<CommandRow, 7> kCommands = {{
    {"nop", SemaphoreCommand::nop},
    {"init", SemaphoreCommand::init},
    {"inc", SemaphoreCommand::inc},
    {"dec", SemaphoreCommand::dec},
    {"wait_equal", SemaphoreCommand::wait_equal},
    {"wait_at_least", SemaphoreCommand::wait_gt_eq},
    {"wait_positive_then_dec", SemaphoreCommand::wait_gt_0},
}};

constexpr std::array<std::string_view, 82> kKnown = {
    "versionMajor",
    "versionMinor",
    "networkName",
    "requiredFields",
    "semaphoreInitState",
    "L2TCMInitState",
    "dmaRequests",
    "nspMulticastTables",
    "hostMulticastTable",
    "threadDescriptors",
    "constantMappings",
    "staticSharedDDRSize",
    "dynamicSharedDDRSize",
    "staticConstantsSize",
    "dynamicConstantsSize",
    "exitDoorbellOffset",
    "l2CachedDDRSize",
    "L2TCMInitSize",
    "execContextMajorVersion",
    "numNSPs",
    "numSemaphores",
    "hwVersionMajor",
    "hwVersionMinor",
    "staticSharedDDRECCEnabled",
    "dynamicSharedDDRECCEnabled",
    "staticConstantsECCEnabled",
    "dynamicConstantsECCEnabled",
    "singleVTCMPage",
    "hasHvxFP",
    "hasHmxFP",
    "VTCMSize",
    "L2TCMSize",
    "networkHeapSize",
    "raw_struct_version_length",
    "QNNConfig",
    "portTable",
    "execContext",
    "L2TCMInitStateNonZeroRegions",
    "dynamicSharedDDRSupported",
    "networkHeapBehavior",
    "dmaRequests->semaphoreOps",
    "dmaRequests->doorbellOps",
    "dmaRequests->hostOffset",
    "dmaRequests->devOffset",
    "dmaRequests->size",
    "dmaRequests->num",
    "dmaRequests->mcId",
    "dmaRequests->devAddrSpace",
    "dmaRequests->inOut",
    "dmaRequests->portId",
    "dmaRequests->transactionId",
    "dmaRequests->semaphoreOps->semNum",
    "dmaRequests->semaphoreOps->semValue",
    "dmaRequests->semaphoreOps->semOp",
    "dmaRequests->semaphoreOps->preOrPost",
    "dmaRequests->semaphoreOps->inSyncFence",
    "dmaRequests->semaphoreOps->outSyncFence",
    "dmaRequests->doorbellOps->offset",
    "dmaRequests->doorbellOps->data",
    "dmaRequests->doorbellOps->mcId",
    "dmaRequests->doorbellOps->size",
    "nspMulticastTables->multicastEntries",
    "nspMulticastTables->multicastEntries->baseAddrOffset",
    "nspMulticastTables->multicastEntries->mask",
    "nspMulticastTables->multicastEntries->size",
    "nspMulticastTables->multicastEntries->addrSpace",
    "nspMulticastTables->multicastEntries->dynamic",
    "hostMulticastTable->multicastEntries",
    "hostMulticastTable->multicastEntries->mask",
    "hostMulticastTable->multicastEntries->size",
    "threadDescriptors->entryPoint",
    "threadDescriptors->typeMask",
    "constantMappings->constantDataBaseOffset",
    "constantMappings->coreMask",
    "constantMappings->size",
    "QNNConfig->Constants",
    "portTable->portId",
    "portTable->portType",
    "L2TCMInitStateNonZeroRegions->start",
    "L2TCMInitStateNonZeroRegions->end",
    "L2TCMInitStateNonZeroRegions->size",
    "networkHeapBehavior->onNetworkDeactivate",
};

}  // namespace

bool is_known_field(std::string_view name) {
  return std::ranges::find(kKnown, name) != kKnown.end();
}

std::string_view semaphore_command_name(SemaphoreCommand command) {
  for (const auto& row : kCommands) {
    if (row.command == command) return row.name;
  }
  return {};
}

std::optional<SemaphoreCommand> semaphore_command_from_name(std::string_view name) {
  const auto* const row = std::ranges::find(kCommands, name, &CommandRow::name);
  if (row == kCommands.end()) return std::nullopt;
  return row->command;
}

std::string_view port_type_name(std::int8_t type) {
  switch (static_cast<wire::qpc::PortType>(type)) {
    case wire::qpc::PortType::user_io:
      return "user_io";
    case wire::qpc::PortType::p2p:
      return "p2p";
    case wire::qpc::PortType::mdp:
      return "mdp";
  }
  return {};
}

std::string_view qnn_constants_name(std::int8_t value) {
  switch (static_cast<wire::qpc::QnnConstants>(value)) {
    case wire::qpc::QnnConstants::cache_disabled:
      return "cache_disabled";
    case wire::qpc::QnnConstants::cache_enabled:
      return "cache_enabled";
  }
  return {};
}

std::string_view heap_on_deactivate_name(std::int8_t value) {
  switch (static_cast<wire::qpc::HeapOnDeactivate>(value)) {
    case wire::qpc::HeapOnDeactivate::free:
      return "free";
    case wire::qpc::HeapOnDeactivate::preserve:
      return "preserve";
  }
  return {};
}

}  // namespace qaic::program
