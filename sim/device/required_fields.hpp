// The metadata fields that this card understands, by the names that programs
// list in requiredFields. Source: runtime-protocols §1.4.
#pragma once

#include <string_view>

namespace qaic::sim::device {

// "AicMetadataFlat_Metadata->dmaRequests->semaphoreOps->semNum" and the like.
bool is_known_field(std::string_view name);

}  // namespace qaic::sim::device
