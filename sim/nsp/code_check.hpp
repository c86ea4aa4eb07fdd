// Looks through network code for what the simulated NSPs cannot run.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "sim/device/ports.hpp"
#include "wire/qpc.hpp"

namespace qaic::sim::nsp {

// Where code may be: below, user DMA's trampolines; above, the shim.
inline constexpr std::uint32_t kImageBegin = wire::qpc::kLowestAddress;
inline constexpr std::uint32_t kImageEnd = 0x10000000;

// Looks at the executable sections. Error id code-unsupported (or
// code-address): names the address, the word and what it is.
base::Result<void> check_code(const std::vector<device::CoreSegment>& segments);

}  // namespace qaic::sim::nsp
