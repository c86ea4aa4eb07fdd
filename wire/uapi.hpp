// The qaic kernel UAPI (drivers/accel/qaic) in our own words: ioctl numbers,
// structs and constants. Native-endian, naturally aligned: this ABI is between
// a program and its own kernel. Source: shared reference kernel-interface §1;
// tests/wire pins every number, size and offset against the kernel's header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qaic::wire::uapi {

inline constexpr unsigned kAccelMajor = 261;
inline constexpr std::uint32_t kMaxManageBytes = 4096;        // transactions of one MANAGE message
inline constexpr std::uint32_t kMaxManageTransactions = 512;  // kMaxManageBytes / header size
inline constexpr std::uint32_t kDbcCount = 16;                // DMA bridge channels of one card
inline constexpr std::uint32_t kPageSize = 4096;

// Transaction type numbers. User space and wire share one space.
enum class TransactionType : std::uint32_t {
  undefined = 0,
  passthrough_from_user = 1,
  passthrough_to_user = 2,  // never used: the driver hands passthrough_from_dev to user space
  passthrough_from_dev = 3,
  passthrough_to_dev = 4,
  dma_xfer_from_user = 5,
  dma_xfer_to_dev = 6,
  activate_from_user = 7,
  activate_from_dev = 8,
  activate_to_dev = 9,
  deactivate_from_user = 10,
  deactivate_from_dev = 11,
  status_from_user = 12,
  status_to_user = 13,  // never used
  status_from_dev = 14,
  status_to_dev = 15,
  terminate_from_dev = 16,
  terminate_to_dev = 17,
  dma_xfer_cont = 18,
  validate_partition_from_dev = 19,
  validate_partition_to_dev = 20,
};

enum class SemaphoreCommand : std::uint8_t {
  nop = 0,
  init = 1,
  inc = 2,
  dec = 3,
  wait_equal = 4,
  wait_gt_eq = 5,
  wait_gt_0 = 6,  // then decrement
};

inline constexpr std::uint8_t kSemaphoreOutSyncFence = 1;
inline constexpr std::uint8_t kSemaphoreInSyncFence = 2;
inline constexpr std::uint16_t kSemaphoreValueMask = 0xFFF;
inline constexpr std::uint8_t kSemaphoreIndexMask = 0x1F;

enum class Direction : std::uint32_t { to_device = 1, from_device = 2 };

struct ManageMessage {
  std::uint32_t len;    // bytes of transactions, in and out
  std::uint32_t count;  // transactions, in and out
  std::uint64_t data;   // user address
};

struct TransactionHeader {
  std::uint32_t type;
  std::uint32_t len;  // header included
};

struct DmaXfer {
  TransactionHeader header;
  std::uint32_t tag;
  std::uint32_t pad;
  std::uint64_t addr;  // user address
  std::uint64_t size;  // bytes
};

struct ActivateToDev {
  TransactionHeader header;
  std::uint32_t queue_size;  // elements
  std::uint32_t eventfd;     // ignored
  std::uint32_t options;
  std::uint32_t pad;  // must be 0
};

struct ActivateFromDev {
  TransactionHeader header;
  std::uint32_t status;
  std::uint32_t dbc_id;
  std::uint64_t options;
};

struct Deactivate {
  TransactionHeader header;
  std::uint32_t dbc_id;
  std::uint32_t pad;  // must be 0
};

struct StatusFromDev {
  TransactionHeader header;
  std::uint16_t major;
  std::uint16_t minor;
  std::uint32_t status;
  std::uint64_t status_flags;
};

struct CreateBo {
  std::uint64_t size;
  std::uint32_t handle;  // out
  std::uint32_t pad;     // must be 0
};

struct MmapBo {
  std::uint32_t handle;
  std::uint32_t pad;
  std::uint64_t offset;  // out
};

struct Semaphore {
  std::uint16_t val;     // 12 bits
  std::uint8_t index;    // 5 bits
  std::uint8_t presync;  // 0 or 1
  std::uint8_t cmd;
  std::uint8_t flags;
  std::uint16_t pad;  // must be 0
};

struct AttachSliceEntry {
  std::uint64_t size;
  Semaphore sem[4];
  std::uint64_t dev_addr;
  std::uint64_t db_addr;
  std::uint32_t db_data;
  std::uint32_t db_len;  // bits: 32, 16, 8; 0 = none
  std::uint64_t offset;
};

struct AttachSlice {
  std::uint32_t count;
  std::uint32_t dbc_id;
  std::uint32_t handle;
  std::uint32_t dir;
  std::uint64_t size;  // ignored by the driver
  std::uint64_t data;  // user address of AttachSliceEntry[count]
};

struct Execute {
  std::uint32_t count;
  std::uint32_t dbc_id;
  std::uint64_t data;  // user address of ExecuteEntry[] or PartialExecuteEntry[]
};

struct ExecuteEntry {
  std::uint32_t handle;
  std::uint32_t dir;  // ignored by the driver
};

struct PartialExecuteEntry {
  std::uint32_t handle;
  std::uint32_t dir;  // ignored by the driver
  std::uint64_t resize;
};

struct Wait {
  std::uint32_t handle;
  std::uint32_t timeout;  // ms, 0 = driver's default
  std::uint32_t dbc_id;
  std::uint32_t pad;  // must be 0
};

struct PerfStats {
  std::uint16_t count;
  std::uint16_t pad;
  std::uint32_t dbc_id;
  std::uint64_t data;  // user address of PerfStatsEntry[count]
};

struct PerfStatsEntry {
  std::uint32_t handle;  // in
  std::uint32_t queue_level_before;
  std::uint32_t num_queue_element;
  std::uint32_t submit_latency_us;
  std::uint32_t device_latency_us;
  std::uint32_t pad;
};

struct DetachSlice {
  std::uint32_t handle;
  std::uint32_t pad;  // must be 0
};

// The DRM core's own structs that work on an accel node.
struct DrmVersion {
  std::int32_t major;
  std::int32_t minor;
  std::int32_t patchlevel;
  std::uint32_t pad;
  std::uint64_t name_len;
  std::uint64_t name;
  std::uint64_t date_len;
  std::uint64_t date;
  std::uint64_t desc_len;
  std::uint64_t desc;
};

struct DrmGemClose {
  std::uint32_t handle;
  std::uint32_t pad;
};

struct DrmPrimeHandle {
  std::uint32_t handle;
  std::uint32_t flags;
  std::int32_t fd;
};

struct DrmGetCap {
  std::uint64_t capability;
  std::uint64_t value;
};

struct DrmSetClientName {
  std::uint64_t name_len;
  std::uint64_t name;
};

// How Linux composes an ioctl number.
enum class IoctlDir : std::uint32_t { none = 0, write = 1, read = 2, read_write = 3 };

constexpr std::uint32_t ioctl_number(IoctlDir dir, std::uint32_t nr, std::size_t size) {
  return (static_cast<std::uint32_t>(dir) << 30) | (static_cast<std::uint32_t>(size) << 16) |
         (static_cast<std::uint32_t>('d') << 8) | nr;
}
constexpr std::uint32_t ioctl_nr(std::uint32_t number) {
  return number & 0xFF;
}
constexpr char ioctl_type(std::uint32_t number) {
  return static_cast<char>((number >> 8) & 0xFF);
}
constexpr std::uint32_t ioctl_size(std::uint32_t number) {
  return (number >> 16) & 0x3FFF;
}
constexpr IoctlDir ioctl_dir(std::uint32_t number) {
  return static_cast<IoctlDir>(number >> 30);
}

inline constexpr std::uint32_t kDrmCommandBase = 0x40;

inline constexpr std::uint32_t kIoctlManage = ioctl_number(IoctlDir::read_write, 0x40, sizeof(ManageMessage));
inline constexpr std::uint32_t kIoctlCreateBo = ioctl_number(IoctlDir::read_write, 0x41, sizeof(CreateBo));
inline constexpr std::uint32_t kIoctlMmapBo = ioctl_number(IoctlDir::read_write, 0x42, sizeof(MmapBo));
inline constexpr std::uint32_t kIoctlAttachSliceBo = ioctl_number(IoctlDir::write, 0x43, sizeof(AttachSlice));
inline constexpr std::uint32_t kIoctlExecuteBo = ioctl_number(IoctlDir::write, 0x44, sizeof(Execute));
inline constexpr std::uint32_t kIoctlPartialExecuteBo = ioctl_number(IoctlDir::write, 0x45, sizeof(Execute));
inline constexpr std::uint32_t kIoctlWaitBo = ioctl_number(IoctlDir::write, 0x46, sizeof(Wait));
inline constexpr std::uint32_t kIoctlPerfStatsBo =
    ioctl_number(IoctlDir::read_write, 0x47, sizeof(PerfStats));
inline constexpr std::uint32_t kIoctlDetachSliceBo = ioctl_number(IoctlDir::write, 0x48, sizeof(DetachSlice));

inline constexpr std::uint32_t kIoctlDrmVersion =
    ioctl_number(IoctlDir::read_write, 0x00, sizeof(DrmVersion));
inline constexpr std::uint32_t kIoctlDrmGemClose = ioctl_number(IoctlDir::write, 0x09, sizeof(DrmGemClose));
inline constexpr std::uint32_t kIoctlDrmGetCap = ioctl_number(IoctlDir::read_write, 0x0C, sizeof(DrmGetCap));
inline constexpr std::uint32_t kIoctlDrmPrimeHandleToFd =
    ioctl_number(IoctlDir::read_write, 0x2D, sizeof(DrmPrimeHandle));
inline constexpr std::uint32_t kIoctlDrmPrimeFdToHandle =
    ioctl_number(IoctlDir::read_write, 0x2E, sizeof(DrmPrimeHandle));
inline constexpr std::uint32_t kIoctlDrmSetClientName =
    ioctl_number(IoctlDir::read_write, 0xD1, sizeof(DrmSetClientName));

static_assert(sizeof(ManageMessage) == 16 && sizeof(TransactionHeader) == 8 && sizeof(DmaXfer) == 32);
static_assert(sizeof(ActivateToDev) == 24 && sizeof(ActivateFromDev) == 24 && sizeof(Deactivate) == 16);
static_assert(sizeof(StatusFromDev) == 24 && sizeof(CreateBo) == 16 && sizeof(MmapBo) == 16);
static_assert(sizeof(Semaphore) == 8 && sizeof(AttachSliceEntry) == 72 && sizeof(AttachSlice) == 32);
static_assert(sizeof(Execute) == 16 && sizeof(ExecuteEntry) == 8 && sizeof(PartialExecuteEntry) == 16);
static_assert(sizeof(Wait) == 16 && sizeof(PerfStats) == 16 && sizeof(PerfStatsEntry) == 24);
static_assert(sizeof(DetachSlice) == 8 && sizeof(DrmVersion) == 64 && sizeof(DrmPrimeHandle) == 12);
static_assert(kIoctlManage == 0xC0106440 && kIoctlAttachSliceBo == 0x40206443);
static_assert(kIoctlExecuteBo == 0x40106444 && kIoctlDetachSliceBo == 0x40086448);
static_assert(kIoctlDrmVersion == 0xC0406400 && kIoctlDrmGemClose == 0x40086409);

}  // namespace qaic::wire::uapi
