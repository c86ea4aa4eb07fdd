// The ioctls of an accel node that the qaic driver serves, one function each.
// Raw: nothing is repeated, nothing is decided; the error is the kernel's
// number (kernel-interface §1.10 says what each means). Never libdrm's
// drmIoctl(), which repeats EINTR and EAGAIN. Any thread may call any of them
// on any descriptor. Source: kernel-interface §1.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "base/ids.hpp"
#include "wire/uapi.hpp"

namespace qaic::uapi {

// A positive errno value.
struct Errno {
  int value = 0;
  friend bool operator==(const Errno&, const Errno&) = default;
};

template <class T>
using Outcome = tl::expected<T, Errno>;

// Name of the driver behind the node ("qaic"). Idempotent; no reply on error.
// Works only while the card is online, like everything on the node.
[[nodiscard]] Outcome<std::string> driver_name(int fd);

// New buffer object of `size` bytes (> 0), zeroed and pinned. Not idempotent;
// does not sleep on the card; no reply on error.
[[nodiscard]] Outcome<base::BoHandle> create_bo(int fd, std::uint64_t size);

// Offset at which mmap(2) of the node gives the BO. Idempotent.
[[nodiscard]] Outcome<std::uint64_t> mmap_offset(int fd, base::BoHandle bo);

// Gives the handle back. Not idempotent: the number may be handed out again.
[[nodiscard]] Outcome<void> close_bo(int fd, base::BoHandle bo);

// A descriptor of the BO as a dma-buf, close-on-exec; the caller's. Not
// idempotent.
[[nodiscard]] Outcome<int> export_bo(int fd, base::BoHandle bo);

// A BO over the memory of a dma-buf, which stays the caller's. Idempotent: the
// same dma-buf gives the same handle, a BO's own too, and one close_bo() ends it.
[[nodiscard]] Outcome<base::BoHandle> import_bo(int fd, int dma_buf);

// Binds a BO to a DBC and direction. Not idempotent (EINVAL the second time);
// EINTR is possible and leaves it unbound.
[[nodiscard]] Outcome<void> attach_slices(int fd, base::DbcId dbc, base::BoHandle bo,
                                          wire::uapi::Direction direction,
                                          std::span<const wire::uapi::AttachSliceEntry> slices);

// Undoes attach_slices(). Not idempotent; EBUSY while queued.
[[nodiscard]] Outcome<void> detach_slices(int fd, base::BoHandle bo);

// EXECUTE or PARTIAL_EXECUTE as the kernel takes it, made once and sent often.
struct ExecuteCall {
  wire::uapi::Execute argument{};
  std::uint32_t number = 0;  // of the ioctl
};
// The entries must stay where they are; those of the second have a byte size.
[[nodiscard]] ExecuteCall execute_call(base::DbcId dbc, std::span<const wire::uapi::ExecuteEntry> entries);
[[nodiscard]] ExecuteCall partial_execute_call(base::DbcId dbc,
                                               std::span<const wire::uapi::PartialExecuteEntry> entries);

// Queues BOs in this order. Not idempotent. EAGAIN: not enough room in the
// queue for all of them, nothing was queued; wait for a completion first.
[[nodiscard]] Outcome<void> execute(int fd, ExecuteCall& call);

// Sleeps until one BO after the other is done, until that fails for one of them;
// `timeout_ms` (0: the driver's default, 5 s) is for each and written into the
// requests. Idempotent: ETIMEDOUT and EINTR leave a BO queued and it may be
// waited for again.
struct Waited {
  std::size_t count = 0;  // how many succeeded
  Errno error;            // of the one behind them; 0: there is none
};
[[nodiscard]] Waited wait_each(int fd, std::span<wire::uapi::Wait> requests, std::uint32_t timeout_ms);

// Fills each entry from its handle; EINVAL for more than the 65535 that one call
// takes. Idempotent; on error nothing is filled.
[[nodiscard]] Outcome<void> perf_stats(int fd, base::DbcId dbc,
                                       std::span<wire::uapi::PerfStatsEntry> entries);

}  // namespace qaic::uapi
