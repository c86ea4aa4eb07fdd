// vfio-user: a PCI function behind a UNIX stream socket. Little-endian. Each
// message is a Header and its payload; descriptors travel as SCM_RIGHTS.
// Source: "vfio-user Protocol Specification" in QEMU's documentation, version
// 0.0 on the wire; numbers of regions and interrupts as in <linux/vfio.h>.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::vfio_user {

struct Header {
  base::le16 id;       // chosen by the sender, repeated in the reply
  base::le16 command;  // Command
  base::le32 size;     // bytes, this header included
  base::le32 flags;
  base::le32 error;  // errno, in replies with kFlagError
};
static_assert(sizeof(Header) == 16 && alignof(Header) == 1);

enum class Command : std::uint16_t {
  version = 1,
  dma_map = 2,
  dma_unmap = 3,
  get_info = 4,
  get_region_info = 5,
  get_region_io_fds = 6,
  get_irq_info = 7,
  set_irqs = 8,
  region_read = 9,
  region_write = 10,
  dma_read = 11,   // server to client
  dma_write = 12,  // server to client
  reset = 13,
};

// Header::flags
inline constexpr std::uint32_t kFlagTypeMask = 0x0F;
inline constexpr std::uint32_t kFlagCommand = 0x00;
inline constexpr std::uint32_t kFlagReply = 0x01;
inline constexpr std::uint32_t kFlagNoReply = 0x10;
inline constexpr std::uint32_t kFlagError = 0x20;

// Followed by JSON text with its terminating NUL, or by nothing.
struct Version {
  base::le16 major;
  base::le16 minor;
};
inline constexpr std::uint16_t kMajor = 0;
inline constexpr std::uint16_t kMinor = 0;

struct DmaMap {
  base::le32 argsz;
  base::le32 flags;
  base::le64 offset;  // in the file that came along
  base::le64 address;
  base::le64 size;
};
static_assert(sizeof(DmaMap) == 32);
inline constexpr std::uint32_t kDmaReadable = 1;
inline constexpr std::uint32_t kDmaWritable = 2;

// Also the reply to itself.
struct DmaUnmap {
  base::le32 argsz;
  base::le32 flags;
  base::le64 address;
  base::le64 size;
};
static_assert(sizeof(DmaUnmap) == 24);
inline constexpr std::uint32_t kUnmapAll = 2;

struct DeviceInfo {
  base::le32 argsz;
  base::le32 flags;
  base::le32 regions;
  base::le32 irqs;
};
static_assert(sizeof(DeviceInfo) == 16);
inline constexpr std::uint32_t kDeviceReset = 1;
inline constexpr std::uint32_t kDevicePci = 2;

struct RegionInfo {
  base::le32 argsz;
  base::le32 flags;
  base::le32 index;
  base::le32 cap_offset;
  base::le64 size;
  base::le64 offset;
};
static_assert(sizeof(RegionInfo) == 32);
inline constexpr std::uint32_t kRegionRead = 1;
inline constexpr std::uint32_t kRegionWrite = 2;
inline constexpr std::uint32_t kRegions = 9;  // BAR 0-5, ROM, configuration space, VGA
inline constexpr std::uint32_t kConfigRegion = 7;

struct IrqInfo {
  base::le32 argsz;
  base::le32 flags;
  base::le32 index;
  base::le32 count;
};
static_assert(sizeof(IrqInfo) == 16);
inline constexpr std::uint32_t kIrqEventFd = 1;
inline constexpr std::uint32_t kIrqs = 5;  // INTx, MSI, MSI-X, error, request

// With kIrqDataBool, `count` bytes follow.
struct IrqSet {
  base::le32 argsz;
  base::le32 flags;
  base::le32 index;
  base::le32 start;
  base::le32 count;
};
static_assert(sizeof(IrqSet) == 20);
inline constexpr std::uint32_t kIrqDataNone = 0x01;
inline constexpr std::uint32_t kIrqDataBool = 0x02;
inline constexpr std::uint32_t kIrqDataEventFd = 0x04;
inline constexpr std::uint32_t kIrqActionMask = 0x08;
inline constexpr std::uint32_t kIrqActionUnmask = 0x10;
inline constexpr std::uint32_t kIrqActionTrigger = 0x20;

// Request of a read, reply to a write; data follows in the other two.
struct RegionAccess {
  base::le64 offset;
  base::le32 region;
  base::le32 count;
};
static_assert(sizeof(RegionAccess) == 16);

inline constexpr std::uint32_t kMaxMessageFds = 16;      // what QEMU bears
inline constexpr std::uint32_t kMaxTransfer = 1U << 20;  // bytes of data in one message
inline constexpr std::uint32_t kMaxDmaMaps = 65535;      // alive at once
inline constexpr std::uint32_t kMaxMessage = kMaxTransfer + sizeof(Header) + sizeof(RegionAccess);

}  // namespace qaic::wire::vfio_user
