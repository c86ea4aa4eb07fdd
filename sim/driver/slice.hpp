// A slice of a BO as the request elements that move it: what ATTACH_SLICE
// precomputes. Source: kernel-interface §1.10, §3.3, §3.4.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "sim/driver/answer.hpp"
#include "wire/dbc.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::driver {

struct Slice {
  std::uint64_t offset = 0;  // in the BO, bytes
  std::uint64_t size = 0;
  std::vector<wire::dbc::Request> requests;  // req_id is stamped at submission
};

// The checks made on all entries of a call before any is encoded. EINVAL.
Answer<void> check_entries(std::span<const wire::uapi::AttachSliceEntry> entries, std::uint64_t bo_size);

// Where a BO lies on the bus and in which pieces the host's DMA layer lists it.
struct BoMapping {
  base::BusAddr start;
  std::uint64_t size = 0;           // bytes
  std::uint64_t segment_bytes = 0;  // pieces end at multiples of this from `start`
};

// One checked entry as elements. EINVAL: unaligned doorbell, more than one
// presync semaphore, or an empty slice with less than a page behind its offset.
Answer<Slice> encode_slice(const wire::uapi::AttachSliceEntry& entry, wire::uapi::Direction direction,
                           const BoMapping& bo);

}  // namespace qaic::sim::driver
