#include "lib/uapi/ioctl.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "os/fd.hpp"

namespace qaic::uapi {

namespace {

using base::BoHandle;
using base::DbcId;

// Flags of HANDLE_TO_FD: O_CLOEXEC and O_RDWR.
constexpr std::uint32_t kCloseOnExec = 02000000;
constexpr std::uint32_t kReadWrite = 02;

// One call; the kernel's structs hold user pointers as 64-bit numbers.
template <class Argument>
Outcome<void> call(int fd, std::uint32_t request, Argument& argument) {
  const int result = os::ioctl_once(fd, request, &argument);
  if (result < 0) return tl::unexpected(Errno{-result});
  return {};
}

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

template <class Entry>
wire::uapi::Execute execute_argument(DbcId dbc, std::span<const Entry> entries) {
  wire::uapi::Execute argument{};
  argument.count = static_cast<std::uint32_t>(entries.size());
  argument.dbc_id = dbc.value;
  argument.data = address_of(entries.data());
  return argument;
}

}  // namespace

Outcome<std::string> driver_name(int fd) {
  std::array<char, 32> name{};
  wire::uapi::DrmVersion version{};
  version.name_len = name.size();
  version.name = address_of(name.data());
  if (auto done = call(fd, wire::uapi::kIoctlDrmVersion, version); !done) {
    return tl::unexpected(done.error());
  }
  return std::string(name.data(), std::min<std::size_t>(name.size(), version.name_len));
}

Outcome<BoHandle> create_bo(int fd, std::uint64_t size) {
  wire::uapi::CreateBo request{};
  request.size = size;
  if (auto done = call(fd, wire::uapi::kIoctlCreateBo, request); !done) return tl::unexpected(done.error());
  return BoHandle(request.handle);
}

Outcome<std::uint64_t> mmap_offset(int fd, BoHandle bo) {
  wire::uapi::MmapBo request{};
  request.handle = bo.value;
  if (auto done = call(fd, wire::uapi::kIoctlMmapBo, request); !done) return tl::unexpected(done.error());
  return request.offset;
}

Outcome<void> close_bo(int fd, BoHandle bo) {
  wire::uapi::DrmGemClose request{};
  request.handle = bo.value;
  return call(fd, wire::uapi::kIoctlDrmGemClose, request);
}

Outcome<int> export_bo(int fd, BoHandle bo) {
  wire::uapi::DrmPrimeHandle request{};
  request.handle = bo.value;
  request.flags = kCloseOnExec | kReadWrite;
  if (auto done = call(fd, wire::uapi::kIoctlDrmPrimeHandleToFd, request); !done) {
    return tl::unexpected(done.error());
  }
  return request.fd;
}

Outcome<BoHandle> import_bo(int fd, int dma_buf) {
  wire::uapi::DrmPrimeHandle request{};
  request.fd = dma_buf;
  if (auto done = call(fd, wire::uapi::kIoctlDrmPrimeFdToHandle, request); !done) {
    return tl::unexpected(done.error());
  }
  return BoHandle(request.handle);
}

Outcome<void> attach_slices(int fd, DbcId dbc, BoHandle bo, wire::uapi::Direction direction,
                            std::span<const wire::uapi::AttachSliceEntry> slices) {
  wire::uapi::AttachSlice request{};
  request.count = static_cast<std::uint32_t>(slices.size());
  request.dbc_id = dbc.value;
  request.handle = bo.value;
  request.dir = static_cast<std::uint32_t>(direction);
  request.data = address_of(slices.data());
  return call(fd, wire::uapi::kIoctlAttachSliceBo, request);
}

Outcome<void> detach_slices(int fd, BoHandle bo) {
  wire::uapi::DetachSlice request{};
  request.handle = bo.value;
  return call(fd, wire::uapi::kIoctlDetachSliceBo, request);
}

ExecuteCall execute_call(DbcId dbc, std::span<const wire::uapi::ExecuteEntry> entries) {
  return {execute_argument(dbc, entries), wire::uapi::kIoctlExecuteBo};
}

ExecuteCall partial_execute_call(DbcId dbc, std::span<const wire::uapi::PartialExecuteEntry> entries) {
  return {execute_argument(dbc, entries), wire::uapi::kIoctlPartialExecuteBo};
}

Outcome<void> execute(int fd, ExecuteCall& request) {
  return call(fd, request.number, request.argument);
}

Waited wait_each(int fd, std::span<wire::uapi::Wait> requests, std::uint32_t timeout_ms) {
  for (wire::uapi::Wait& request : requests) {
    request.timeout = timeout_ms;
    if (const int result = os::ioctl_once(fd, wire::uapi::kIoctlWaitBo, &request); result < 0) {
      return {static_cast<std::size_t>(&request - requests.data()), {-result}};
    }
  }
  return {requests.size(), {}};
}

Outcome<void> perf_stats(int fd, DbcId dbc, std::span<wire::uapi::PerfStatsEntry> entries) {
  wire::uapi::PerfStats request{};
  if (entries.size() > std::numeric_limits<decltype(request.count)>::max()) {
    return tl::unexpected(Errno{EINVAL});
  }
  request.count = static_cast<std::uint16_t>(entries.size());
  request.dbc_id = dbc.value;
  request.data = address_of(entries.data());
  return call(fd, wire::uapi::kIoctlPerfStatsBo, request);
}

}  // namespace qaic::uapi
