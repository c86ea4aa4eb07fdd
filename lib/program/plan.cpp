#include "lib/program/plan.hpp"

#include <algorithm>
#include <utility>

#include "lib/program/checks.hpp"

namespace qaic::program {
namespace {

namespace uapi = wire::uapi;
namespace qpc = wire::qpc;
using base::fail;

// Of a NOP only the fences count; the driver checks the other numbers of a slot
// whatever its command is.
PlannedSemaphore plan_semaphore(const SemaphoreOp& op) {
  PlannedSemaphore out;
  out.flags = static_cast<std::uint8_t>((op.in_sync_fence ? uapi::kSemaphoreInSyncFence : 0) |
                                        (op.out_sync_fence ? uapi::kSemaphoreOutSyncFence : 0));
  if (op.command == uapi::SemaphoreCommand::nop) return out;
  out.command = op.command;
  out.number = static_cast<std::uint8_t>(op.number);
  out.value = op.value;
  out.presync = is_presync(op);
  return out;
}

PlannedDoorbell plan_doorbell(const DoorbellOp& op) {
  constexpr std::uint32_t kBits[] = {8, 16, 32};
  return {op.mcid, op.offset, op.data, kBits[static_cast<std::size_t>(op.size)]};
}

// All slices of one request; the first one moves the data.
std::vector<PlannedSlice> slices_of(const DmaRequest& request, std::size_t index) {
  std::vector<PlannedSlice> out(1);
  PlannedSlice& first = out.front();
  first.size = request.size;
  first.offset = request.size == 0 ? 0 : request.host_offset;
  first.space = request.space;
  first.mcid = request.mcid;
  first.dev_offset = request.dev_offset;
  first.request = index;

  // The kernel lets a request without a presync overtake, so what is split off
  // waits for all transfers of this direction to be complete.
  const std::uint8_t fence =
      request.transfer == qpc::Transfer::in ? uapi::kSemaphoreInSyncFence : uapi::kSemaphoreOutSyncFence;
  const auto add_slice = [&]() -> PlannedSlice& {
    PlannedSlice& slice = out.emplace_back();
    slice.request = index;
    slice.space = request.space;
    slice.semaphores[0].flags = fence;
    return slice;
  };

  // The presync belongs to the slice that moves the data, wherever it stands.
  std::vector<SemaphoreOp> ops = request.semaphores;
  std::stable_partition(ops.begin(), ops.end(), is_presync);
  std::size_t slot = 0;
  for (const auto& op : ops) {
    if (slot == kSemaphoreSlots) {
      add_slice();
      slot = 0;
    }
    PlannedSemaphore& place = out.back().semaphores[slot++];
    const std::uint8_t kept = place.flags;
    place = plan_semaphore(op);
    place.flags |= kept;
  }
  for (const auto& op : request.doorbells) {
    if (out.back().doorbell) add_slice();
    out.back().doorbell = plan_doorbell(op);
  }
  return out;
}

}  // namespace

bool is_presync(const SemaphoreOp& op) {
  return op.when == qpc::PreOrPost::pre && op.command != uapi::SemaphoreCommand::nop;
}

base::Result<Plan> plan_submission(const Metadata& metadata, const Descriptor& descriptor) {
  Findings findings;
  check_submission(metadata, descriptor, findings);
  if (auto error = findings.first_error()) return fail(std::move(*error));
  Plan plan;
  bool open = false;  // whether the last BO may take the next request
  for (std::size_t i = 0; i < metadata.requests.size(); ++i) {
    const DmaRequest& request = metadata.requests[i];
    const auto slices = slices_of(request, i);
    const auto direction =
        request.transfer == qpc::Transfer::in ? uapi::Direction::to_device : uapi::Direction::from_device;
    const bool moves_data = request.size != 0;
    const bool continues = open && moves_data && plan.bos.back().buffer == request.buffer &&
                           plan.bos.back().direction == direction;
    if (!continues) {
      PlannedBo& bo = plan.bos.emplace_back();
      bo.direction = direction;
      bo.size = uapi::kPageSize;
      if (moves_data) {
        bo.buffer = request.buffer;
        bo.size = descriptor.dma_buffers[request.buffer].size;
      }
    }
    open = moves_data;
    auto& target = plan.bos.back().slices;
    target.insert(target.end(), slices.begin(), slices.end());
  }
  plan.wait_for = plan.bos.size() - 1;
  for (std::size_t i = plan.bos.size(); i-- > 0;) {
    if (plan.bos[i].direction != uapi::Direction::from_device) continue;
    plan.wait_for = i;
    break;
  }
  return plan;
}

uapi::AttachSliceEntry resolve(const PlannedSlice& slice, const ActivationBases& bases) {
  uapi::AttachSliceEntry out{};
  out.size = slice.size;
  out.offset = slice.offset;
  for (std::size_t i = 0; i < kSemaphoreSlots; ++i) {
    const PlannedSemaphore& in = slice.semaphores[i];
    out.sem[i].val = in.value;
    out.sem[i].index = in.number;
    out.sem[i].presync = in.presync ? 1 : 0;
    out.sem[i].cmd = static_cast<std::uint8_t>(in.command);
    out.sem[i].flags = in.flags;
  }
  const auto window = [&](std::uint16_t mcid) { return bases.multicast + qpc::kMulticastWindow * mcid; };
  if (slice.size != 0) {
    switch (slice.space) {
      case qpc::AddressSpace::multicast:
        out.dev_addr = window(slice.mcid) + slice.dev_offset;
        break;
      case qpc::AddressSpace::ddr:
        out.dev_addr = bases.ddr + slice.dev_offset;
        break;
      case qpc::AddressSpace::ddr_dynamic_shared:
        out.dev_addr = bases.dynamic_ddr + slice.dev_offset;
        break;
    }
  }
  if (slice.doorbell) {
    out.db_addr = window(slice.doorbell->mcid) + slice.doorbell->offset;
    out.db_data = slice.doorbell->data;
    out.db_len = slice.doorbell->bits;
  }
  return out;
}

std::vector<TensorPiece> tensor_pieces(const Plan& plan, const Tensor& tensor) {
  std::vector<TensorPiece> out;
  if (!tensor.place) return out;
  const std::uint64_t begin = tensor.place->offset;
  const std::uint64_t end = begin + tensor.moved_size;
  for (std::size_t i = 0; i < plan.bos.size(); ++i) {
    const PlannedBo& bo = plan.bos[i];
    if (bo.buffer != tensor.place->buffer) continue;
    for (const auto& slice : bo.slices) {
      const std::uint64_t from = std::max(begin, slice.offset);
      const std::uint64_t to = std::min(end, slice.offset + slice.size);
      if (from >= to) continue;
      // Neighbouring slices of a BO are one piece.
      if (!out.empty() && out.back().bo == i && out.back().bo_offset + out.back().size == from) {
        out.back().size += to - from;
      } else {
        out.push_back({i, from, from - begin, to - from});
      }
    }
  }
  return out;
}

}  // namespace qaic::program
