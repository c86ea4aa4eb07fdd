// The DMA requests of one inference as a timeline of 80 columns.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qaic::qpc {

// `requests` is program.requests of schema qaic.qpc-inspect/1. One line for each
// request; what does not fit into its column goes on below.
[[nodiscard]] std::string timeline_text(const nlohmann::json& requests);

// One semaphore operation, such as "s0==1" or "s2++".
[[nodiscard]] std::string semaphore_text(const nlohmann::json& operation);

}  // namespace qaic::qpc
