#include "sim/driver/slice.hpp"

#include <algorithm>

#include "base/checked.hpp"

namespace qaic::sim::driver {

namespace {

using wire::uapi::AttachSliceEntry;
using wire::uapi::Direction;
using wire::uapi::Semaphore;

bool valid_semaphore(const Semaphore& sem) {
  constexpr auto kFlags = wire::uapi::kSemaphoreInSyncFence | wire::uapi::kSemaphoreOutSyncFence;
  return (sem.val & ~wire::uapi::kSemaphoreValueMask) == 0 &&
         (sem.index & ~wire::uapi::kSemaphoreIndexMask) == 0 && sem.presync <= 1 && sem.pad == 0 &&
         (sem.flags & ~kFlags) == 0 &&
         sem.cmd <= static_cast<std::uint8_t>(wire::uapi::SemaphoreCommand::wait_gt_0);
}

std::uint32_t semaphore_word(const Semaphore& sem, std::uint8_t extra_flags) {
  wire::dbc::SemaphoreWord word;
  word.value = sem.val;
  word.index = sem.index;
  word.command = sem.cmd;
  word.flags = static_cast<std::uint8_t>(sem.flags | extra_flags);
  word.presync = sem.presync;
  word.enabled = sem.cmd != 0 ? 1 : 0;
  return word.pack();
}

std::uint8_t doorbell_length(std::uint32_t bits) {
  switch (bits) {
    case 32:
      return wire::dbc::kDoorbellRing;
    case 16:
      return wire::dbc::kDoorbellRing | 1;
    case 8:
      return wire::dbc::kDoorbellRing | 2;
    default:
      return 0;
  }
}

}  // namespace

Answer<void> check_entries(std::span<const AttachSliceEntry> entries, std::uint64_t bo_size) {
  for (const AttachSliceEntry& entry : entries) {
    if (entry.db_len != 0 && entry.db_len != 8 && entry.db_len != 16 && entry.db_len != 32) {
      return refuse(EINVAL);
    }
    if (!std::all_of(std::begin(entry.sem), std::end(entry.sem), valid_semaphore)) return refuse(EINVAL);
    const auto end = base::checked_add(entry.size, entry.offset);
    if (!end || *end > bo_size) return refuse(EINVAL);
  }
  return {};
}

Answer<Slice> encode_slice(const AttachSliceEntry& entry, Direction direction, const BoMapping& bo) {
  // An empty slice has no transfer, but its elements are built over one page.
  const bool transfers = entry.size != 0;
  const std::uint64_t covered = transfers ? entry.size : wire::uapi::kPageSize;
  const auto end = base::checked_add(entry.offset, covered);
  if (!end || *end > bo.size) return refuse(EINVAL);
  if (entry.db_len != 0 && entry.db_addr % (entry.db_len / 8) != 0) return refuse(EINVAL);
  const auto presyncs =
      std::count_if(std::begin(entry.sem), std::end(entry.sem), [](auto& s) { return s.presync != 0; });
  if (presyncs > 1) return refuse(EINVAL);

  std::uint8_t command = wire::dbc::kCmdBulk;
  if (transfers) {
    command |= direction == Direction::to_device ? wire::dbc::kCmdToDevice : wire::dbc::kCmdFromDevice;
  }

  Slice slice;
  slice.offset = entry.offset;
  slice.size = entry.size;
  std::uint64_t device = entry.dev_addr;
  for (std::uint64_t at = entry.offset; at < *end;) {
    const std::uint64_t piece = std::min(*end - at, bo.segment_bytes - at % bo.segment_bytes);
    const std::uint64_t host = bo.start.value + at;
    wire::dbc::Request& request = slice.requests.emplace_back();
    request.cmd = command;
    request.src_addr = direction == Direction::to_device ? host : device;
    request.dest_addr = direction == Direction::to_device ? device : host;
    request.len = static_cast<std::uint32_t>(piece);
    // The gate stands before every piece; the card keeps their order.
    for (std::size_t i = 0; i < 4; ++i) {
      if (entry.sem[i].presync != 0) request.sem[i] = semaphore_word(entry.sem[i], 0);
    }
    device += piece;
    at += piece;
  }

  wire::dbc::Request& last = slice.requests.back();
  last.cmd |= wire::dbc::kCmdCompletion;
  last.db_addr = entry.db_addr;
  last.db_len = doorbell_length(entry.db_len);
  last.db_data = entry.db_data;
  // Without a gate the pieces may overtake each other: a fence holds the last.
  std::uint8_t fence = 0;
  if (slice.requests.size() > 1 && presyncs == 0) {
    fence = direction == Direction::to_device ? wire::uapi::kSemaphoreInSyncFence
                                              : wire::uapi::kSemaphoreOutSyncFence;
  }
  for (std::size_t i = 0; i < 4; ++i) last.sem[i] = semaphore_word(entry.sem[i], i == 0 ? fence : 0);
  return slice;
}

}  // namespace qaic::sim::driver
