// Subsystem restart: how the card tells the host that the NSPs of one DMA
// bridge channel died and come back, and hands over a dump. Channel QAIC_SSR.
// Little-endian, packed. Source: kernel-interface §6.2.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::ssr {

using base::le32;
using base::le64;

enum class Command : std::uint32_t {
  debug_transfer_info = 0x001,      // card to host
  debug_transfer_info_rsp = 0x002,  // host to card
  memory_read = 0x004,              // host to card
  memory_read_rsp = 0x008,          // card to host
  debug_transfer_done = 0x010,      // host to card
  debug_transfer_done_rsp = 0x020,  // card to host
  event = 0x100,                    // card to host
  event_rsp = 0x200,                // host to card
};

enum class Event : std::uint32_t {
  nack = 1,  // only as an answer
  before_shutdown = 2,
  after_shutdown = 4,
  before_power_up = 8,
  after_power_up = 0x10,
};

// The host ignores larger messages outside a dump; its buffer is that large.
inline constexpr std::uint32_t kMaxMessage = 32;
// What one memory read may ask for: the host's dump buffer less the header.
inline constexpr std::uint32_t kMaxRead = 65472;

struct Header {
  le32 command;
  le32 len;  // whole message
  le32 dbc_id;
};
static_assert(sizeof(Header) == 12);

struct DebugTransferInfo {
  Header header;
  le32 pad;
  le64 table_address;
  le64 table_length;  // a multiple of the entry's size, not 0
};
static_assert(sizeof(DebugTransferInfo) == 32);

// Ends with one number: DEBUG_TRANSFER_INFO_RSP 0 accepts, 1 declines;
// DEBUG_TRANSFER_DONE says nothing in it; _DONE_RSP 0 lets the host publish
// the dump; SSR_EVENT and its answer carry an Event.
struct Short {
  Header header;
  le32 value;
};
static_assert(sizeof(Short) == 16);

struct MemoryRead {
  Header header;
  le32 pad;
  le64 address;
  le64 length;
};
static_assert(sizeof(MemoryRead) == 32);

struct MemoryReadRsp {  // data follows
  Header header;
  le32 pad;
};
static_assert(sizeof(MemoryReadRsp) == 16);

struct TableEntry {
  le64 save_preference;
  le64 base;
  le64 length;  // not 0
  std::array<char, 20> description{};
  std::array<char, 20> file_name{};
};
static_assert(sizeof(TableEntry) == 64);

}  // namespace qaic::wire::ssr
