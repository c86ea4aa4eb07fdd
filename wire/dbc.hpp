// The DMA bridge: registers, request and response elements. Little-endian, in
// host memory as the card reads it. Source: kernel-interface §3.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::dbc {

// Register offsets inside a channel's block; 32-bit, element indexes.
enum class Register : std::uint32_t {
  request_head = 0x0,   // card writes: next element it will take
  request_tail = 0x4,   // host writes: one past the last element, the doorbell
  response_head = 0x8,  // host writes: its consumption index
  response_tail = 0xC,  // card writes: its production index
};

inline constexpr std::uint32_t kFirstBlock = 0x20000;  // in BAR 2
inline constexpr std::uint32_t kBlockStride = 0x1000;  // bytes from channel n to n + 1

struct Request {
  base::le16 req_id;
  std::uint8_t seq_id{};
  std::uint8_t cmd{};
  base::le32 reserved0;
  base::le64 src_addr;
  base::le64 dest_addr;
  base::le32 len;
  base::le32 reserved1;
  base::le64 db_addr;
  std::uint8_t db_len{};
  std::uint8_t reserved2[3]{};
  base::le32 db_data;
  base::le32 sem[4];
};
static_assert(sizeof(Request) == 64 && alignof(Request) == 1);

struct Response {
  base::le16 req_id;
  base::le16 status;  // 0 = success
};
static_assert(sizeof(Response) == 4);

// Request::cmd
inline constexpr std::uint8_t kCmdDirectionMask = 0x03;
inline constexpr std::uint8_t kCmdNoDma = 0x00;
inline constexpr std::uint8_t kCmdToDevice = 0x01;
inline constexpr std::uint8_t kCmdFromDevice = 0x02;
inline constexpr std::uint8_t kCmdBulk = 0x08;
inline constexpr std::uint8_t kCmdCompletion = 0x10;
inline constexpr std::uint8_t kCmdForceMsi = 0x80;

// Request::db_len
inline constexpr std::uint8_t kDoorbellRing = 0x80;
inline constexpr std::uint8_t kDoorbellWidthMask = 0x03;  // 0 = 32 bits, 1 = 16, 2 = 8

// One semaphore command word.
struct SemaphoreWord {
  std::uint16_t value = 0;   // bits 11:0
  std::uint8_t index = 0;    // bits 20:16
  std::uint8_t command = 0;  // bits 26:24, uapi::SemaphoreCommand
  std::uint8_t flags = 0;    // bits 30:29, uapi fence flags (out 1, in 2)
  std::uint8_t presync = 0;  // bit 22
  std::uint8_t enabled = 0;  // bit 31

  static constexpr SemaphoreWord unpack(std::uint32_t word) {
    SemaphoreWord sem;
    sem.value = static_cast<std::uint16_t>(word & 0xFFF);
    sem.index = static_cast<std::uint8_t>((word >> 16) & 0x1F);
    sem.presync = static_cast<std::uint8_t>((word >> 22) & 1);
    sem.command = static_cast<std::uint8_t>((word >> 24) & 7);
    sem.flags = static_cast<std::uint8_t>((word >> 29) & 3);
    sem.enabled = static_cast<std::uint8_t>(word >> 31);
    return sem;
  }
  [[nodiscard]] constexpr std::uint32_t pack() const {
    return (std::uint32_t{value} & 0xFFF) | ((std::uint32_t{index} & 0x1F) << 16) |
           ((std::uint32_t{presync} & 1) << 22) | ((std::uint32_t{command} & 7) << 24) |
           ((std::uint32_t{flags} & 3) << 29) | ((std::uint32_t{enabled} & 1) << 31);
  }
};

// Queue memory of one channel for `elements` slots, as the driver lays it out:
// requests first, responses in the last elements * 4 bytes.
struct QueueLayout {
  std::uint64_t total;
  std::uint64_t response_offset;
};
constexpr QueueLayout queue_layout(std::uint32_t elements) {
  const std::uint64_t bytes = std::uint64_t{elements} * (sizeof(Request) + sizeof(Response)) + 256;
  const std::uint64_t total = (bytes + 4095) & ~std::uint64_t{4095};
  return {total, total - std::uint64_t{elements} * sizeof(Response)};
}
static_assert(queue_layout(128).total == 12288 && queue_layout(128).response_offset == 11776);

}  // namespace qaic::wire::dbc
