// ATTACH_SLICE_BO and DETACH_SLICE_BO. Source: kernel-interface §1.6, §1.10, §3.4.
#include <algorithm>
#include <span>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::uapi::AttachSliceEntry;
using wire::uapi::Direction;

// Larger arrays are beyond what one kernel allocation gives.
constexpr std::uint64_t kAllocationLimit = 4ull << 20;

}  // namespace

int Driver::State::attach_slice(File& file, const wire::uapi::AttachSlice& args, ClientMemory& client) {
  if (args.count == 0) return -EINVAL;
  const auto direction = static_cast<Direction>(args.dir);
  if (direction != Direction::to_device && direction != Direction::from_device) return -EINVAL;
  if (args.data == 0) return -EINVAL;
  if (phase != Phase::online) return -ENODEV;
  if (args.dbc_id >= dbcs.size()) return -EINVAL;
  if (std::uint64_t{args.count} * sizeof(AttachSliceEntry) > kAllocationLimit) return -ENOMEM;
  std::vector<AttachSliceEntry> entries(args.count);
  if (!client.read(args.data, std::as_writable_bytes(std::span(entries)))) return -EFAULT;

  Bo* bo = find_bo(file, args.handle);
  if (bo == nullptr) return -ENOENT;
  if (bo->sliced()) return -EINVAL;
  Dbc& dbc = dbcs[args.dbc_id];
  if (dbc.owner != &file) return -EINVAL;
  if (const auto checked = check_entries(entries, bo->size); !checked) return -checked.error();

  const auto access = direction == Direction::to_device ? BusSpace::Access::read : BusSpace::Access::write;
  const BoMapping mapping{bus.map(bo->memory, access), bo->size, parameters.bo_segment_bytes};
  std::vector<Slice> slices;
  slices.reserve(entries.size());
  std::uint64_t elements = 0;
  int error = 0;
  for (const AttachSliceEntry& entry : entries) {
    auto slice = encode_slice(entry, direction, mapping);
    if (!slice) {
      error = slice.error();
      break;
    }
    elements += slice->requests.size();
    slices.push_back(std::move(*slice));
  }
  if (error == 0 && elements > dbc.queue->elements()) error = ENOSPC;
  if (error != 0) {
    bus.unmap(mapping.start);
    return -error;
  }
  bo->bus = mapping.start;
  bo->slices = std::move(slices);
  bo->element_count = static_cast<std::uint32_t>(elements);
  bo->dbc = &dbc;
  dbc.sliced.push_back(bo);
  return 0;
}

int Driver::State::detach_slice(File& file, const wire::uapi::DetachSlice& args) {
  if (args.pad != 0) return -EINVAL;
  if (phase != Phase::online) return -ENODEV;
  Bo* bo = find_bo(file, args.handle);
  if (bo == nullptr) return -ENOENT;
  if (!bo->sliced() || bo->dbc->owner != &file) return -EINVAL;
  if (bo->queued) return -EBUSY;
  detach(*bo);
  return 0;
}

void Driver::State::detach(Bo& bo) {
  bus.unmap(bo.bus);
  bo.slices.clear();
  bo.element_count = 0;
  bo.slices_done = 0;
  std::erase(bo.dbc->sliced, &bo);
  bo.dbc = nullptr;
  complete(bo);
  release_if_unused(bo);
}

}  // namespace qaic::sim::driver
