// MHI as the card and the kernel speak it over PCIe: registers of BAR 0,
// contexts and ring elements in host memory, commands, events and channels.
// Little-endian. Source: kernel-interface §4.3 and §4.7-4.9.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::mhi {

using base::le32;
using base::le64;

// Offsets in BAR 0. 64-bit registers are two words, low first; the host writes
// the high one first, so that a doorbell rings with its low word.
enum class Register : std::uint32_t {
  reg_len = 0x00,
  version = 0x08,
  config = 0x10,
  channel_doorbells_offset = 0x18,  // CHDBOFF
  event_doorbells_offset = 0x20,    // ERDBOFF
  bhi_offset = 0x28,
  bhie_offset = 0x2C,
  debug_offset = 0x30,
  control = 0x38,
  status = 0x48,
  channel_contexts = 0x58,  // CCABAP
  event_contexts = 0x60,    // ECABAP
  command_contexts = 0x68,  // CRCBAP
  command_doorbell = 0x70,
  control_base = 0x80,
  control_limit = 0x88,
  data_base = 0x98,
  data_limit = 0xA0,
  soc_reset = 0xB0,  // write 1
  timer = 0xA28,     // 64-bit counter, kTimerHz
};
inline constexpr std::uint64_t kTimerHz = 19'200'000;
inline constexpr std::uint32_t kWindow = 0x1000;  // bytes the host treats as MHI's

inline constexpr std::uint32_t kControlReset = 1U << 1;
inline constexpr unsigned kControlStateShift = 8;  // 15:8, the state asked for
inline constexpr std::uint32_t kStatusReady = 1U << 0;
inline constexpr std::uint32_t kStatusSystemError = 1U << 2;
inline constexpr unsigned kStatusStateShift = 8;  // 15:8

enum class DeviceState : std::uint8_t {
  reset = 0,
  ready = 1,
  m0 = 2,
  m1 = 3,
  m2 = 4,
  m3 = 5,
  m3_fast = 6,
  bhi = 7,
  system_error = 0xFF,
};

enum class ExecEnv : std::uint8_t {
  pbl = 0,
  sbl = 1,
  amss = 2,
  ram_dump = 3,  // RDDM: the driver cannot leave it
};

inline constexpr unsigned kChannelCount = 128;
inline constexpr unsigned kWakeDoorbell = 127;  // no channel: 1 = stay awake, 0 = need not

// Channel numbers of a pair: even = host to card (UL), odd = card to host (DL).
namespace channel {
inline constexpr unsigned kLoopback = 0;
inline constexpr unsigned kSahara = 2;
inline constexpr unsigned kDiag = 4;
inline constexpr unsigned kSsr = 6;
inline constexpr unsigned kQdss = 8;
inline constexpr unsigned kControl = 10;
inline constexpr unsigned kLogging = 12;
inline constexpr unsigned kStatus = 14;
inline constexpr unsigned kTelemetry = 16;
inline constexpr unsigned kDebug = 18;
inline constexpr unsigned kTimesync = 20;
inline constexpr unsigned kTimesyncPeriodic = 22;
inline constexpr unsigned kIpcr = 24;
inline constexpr unsigned kEnd = 26;  // no channels beyond
}  // namespace channel

// ---- contexts: 44 bytes each, packed; arrays of them at the registers above ----

struct ChannelContext {
  le32 config;  // 7:0 ChannelState
  le32 type;    // ChannelType
  le32 event_ring;
  le64 base;
  le64 length;  // bytes
  le64 read;    // the card's
  le64 write;   // the host's
};
static_assert(sizeof(ChannelContext) == 44 && alignof(ChannelContext) == 1);

struct EventContext {
  le32 moderation;
  le32 type;    // 1
  le32 vector;  // of the interrupt
  le64 base;
  le64 length;
  le64 read;  // the card's: the next slot it will fill
  le64 write;
};
static_assert(sizeof(EventContext) == 44);

struct CommandContext {
  le32 reserved[3];
  le64 base;
  le64 length;
  le64 read;
  le64 write;
};
static_assert(sizeof(CommandContext) == 44);

inline constexpr std::uint64_t kContextReadOffset = 28;
inline constexpr std::uint32_t kChannelStateMask = 0xFF;

enum class ChannelState : std::uint8_t {
  disabled = 0,
  enabled = 1,
  running = 2,
  suspended = 3,
  stop = 4,
  error = 5
};
enum class ChannelType : std::uint32_t { to_card = 1, from_card = 2 };

// ---- ring elements: 16 bytes ----

struct Element {
  le64 pointer;
  le32 word0;
  le32 word1;
};
static_assert(sizeof(Element) == 16 && alignof(Element) == 1);

inline constexpr unsigned kElementTypeShift = 16;     // word1 23:16
inline constexpr unsigned kElementChannelShift = 24;  // word1 31:24
inline constexpr unsigned kElementCodeShift = 24;     // word0 31:24 of events
constexpr std::uint8_t element_type(const Element& element) {
  return static_cast<std::uint8_t>(element.word1.get() >> kElementTypeShift);
}
constexpr std::uint8_t element_channel(const Element& element) {
  return static_cast<std::uint8_t>(element.word1.get() >> kElementChannelShift);
}

// Transfer elements: pointer = buffer, word0 15:0 = its length, word1 flags.
inline constexpr std::uint8_t kTransferType = 2;
inline constexpr std::uint32_t kTransferLengthMask = 0xFFFF;
inline constexpr std::uint32_t kTransferChain = 1U << 0;
inline constexpr std::uint32_t kTransferEventAtBlock = 1U << 8;  // IEOB
inline constexpr std::uint32_t kTransferEventAtEnd = 1U << 9;    // IEOT
inline constexpr std::uint32_t kTransferNoInterrupt = 1U << 10;  // BEI

enum class Command : std::uint8_t { nop = 1, reset_channel = 16, stop_channel = 17, start_channel = 18 };

enum class EventType : std::uint8_t { state = 0x20, command = 0x21, transfer = 0x22, exec_env = 0x40 };

enum class Completion : std::uint8_t {
  success = 1,
  end_of_transfer = 2,
  overflow = 3,
  end_of_block = 4,
  undefined_error = 0x10,
  bad_element = 0x11,
};

constexpr Element event(EventType type, std::uint64_t pointer, std::uint32_t word0,
                        std::uint8_t channel = 0) {
  Element out;
  out.pointer = pointer;
  out.word0 = word0;
  out.word1 = (std::uint32_t{channel} << kElementChannelShift) |
              (static_cast<std::uint32_t>(type) << kElementTypeShift);
  return out;
}
constexpr Element state_event(DeviceState state) {
  return event(EventType::state, 0, static_cast<std::uint32_t>(state) << kElementCodeShift);
}
constexpr Element exec_env_event(ExecEnv env) {
  return event(EventType::exec_env, 0, static_cast<std::uint32_t>(env) << kElementCodeShift);
}
constexpr Element command_event(std::uint64_t command, Completion code) {
  return event(EventType::command, command, static_cast<std::uint32_t>(code) << kElementCodeShift);
}
constexpr Element transfer_event(std::uint8_t channel, std::uint64_t element, Completion code,
                                 std::uint16_t length) {
  return event(EventType::transfer, element, (static_cast<std::uint32_t>(code) << kElementCodeShift) | length,
               channel);
}

}  // namespace qaic::wire::mhi
