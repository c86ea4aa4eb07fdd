#include "sim/device/required_fields.hpp"

#include <algorithm>
#include <array>

namespace qaic::sim::device {

namespace {

constexpr std::string_view kRoot = "AicMetadataFlat_Metadata->";

// Behind the root: 40 fields of the table itself and 42 of the tables inside.
constexpr std::array<std::string_view, 82> kFields{
    "versionMajor",
    "versionMinor",
    "networkName",
    "requiredFields",
    "semaphoreInitState",
    "L2TCMInitState",
    "dmaRequests",
    "dmaRequests->semaphoreOps",
    "dmaRequests->semaphoreOps->semNum",
    "dmaRequests->semaphoreOps->semValue",
    "dmaRequests->semaphoreOps->semOp",
    "dmaRequests->semaphoreOps->preOrPost",
    "dmaRequests->semaphoreOps->inSyncFence",
    "dmaRequests->semaphoreOps->outSyncFence",
    "dmaRequests->doorbellOps",
    "dmaRequests->doorbellOps->offset",
    "dmaRequests->doorbellOps->data",
    "dmaRequests->doorbellOps->mcId",
    "dmaRequests->doorbellOps->size",
    "dmaRequests->hostOffset",
    "dmaRequests->devOffset",
    "dmaRequests->size",
    "dmaRequests->num",
    "dmaRequests->mcId",
    "dmaRequests->devAddrSpace",
    "dmaRequests->inOut",
    "dmaRequests->portId",
    "dmaRequests->transactionId",
    "nspMulticastTables",
    "nspMulticastTables->multicastEntries",
    "nspMulticastTables->multicastEntries->baseAddrOffset",
    "nspMulticastTables->multicastEntries->mask",
    "nspMulticastTables->multicastEntries->size",
    "nspMulticastTables->multicastEntries->addrSpace",
    "nspMulticastTables->multicastEntries->dynamic",
    "hostMulticastTable",
    "hostMulticastTable->multicastEntries",
    "hostMulticastTable->multicastEntries->mask",
    "hostMulticastTable->multicastEntries->size",
    "threadDescriptors",
    "threadDescriptors->entryPoint",
    "threadDescriptors->typeMask",
    "constantMappings",
    "constantMappings->constantDataBaseOffset",
    "constantMappings->coreMask",
    "constantMappings->size",
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
    "QNNConfig->Constants",
    "portTable",
    "portTable->portId",
    "portTable->portType",
    "execContext",
    "L2TCMInitStateNonZeroRegions",
    "L2TCMInitStateNonZeroRegions->start",
    "L2TCMInitStateNonZeroRegions->end",
    "L2TCMInitStateNonZeroRegions->size",
    "dynamicSharedDDRSupported",
    "networkHeapBehavior",
    "networkHeapBehavior->onNetworkDeactivate",
};

}  // namespace

bool is_known_field(std::string_view name) {
  if (!name.starts_with(kRoot)) return false;
  name.remove_prefix(kRoot.size());
  return std::find(kFields.begin(), kFields.end(), name) != kFields.end();
}

}  // namespace qaic::sim::device
