// Reliability events that the card pushes to the host: channel QAIC_STATUS.
// Little-endian, packed. Source: kernel-interface §6.1.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::ras {

using base::le16;
using base::le32;
using base::le64;
using base::sle32;

inline constexpr std::uint16_t kMagic = 0x55AA;
inline constexpr std::uint16_t kVersion = 2;
inline constexpr std::uint16_t kBodySize = 92;  // bytes behind the header

enum class MessageType : std::uint8_t { push = 0, request = 1, response = 2 };

enum class Source : std::uint32_t {
  soc_memory = 0,
  pcie = 1,
  ddr = 2,
  system_bus1 = 3,
  system_bus2 = 4,
  nsp_memory = 5,
  temperature = 6,
};

enum class ErrorType : std::uint32_t {
  correctable = 0,
  uncorrectable = 1,  // the host resets the card
  uncorrectable_nonfatal = 2,
};

struct Header {
  le16 magic;
  le16 version;
  le32 sequence;
  std::uint8_t type{};  // MessageType
  std::uint8_t id{};
  le16 len;  // kBodySize
};
static_assert(sizeof(Header) == 12);

// What a syndrome of each source looks like.
struct SocMemory {
  std::array<le64, 8> addresses;
};
static_assert(sizeof(SocMemory) == 64);

struct Pcie {
  le32 bad_tlp;
  le32 bad_dllp;
  le32 replay_rollover;
  le32 replay_timeout;
  le32 receiver;
  le32 internal_correctable;
  le32 flow_control_timeout;
  le32 poisoned_tlp;
  le32 ecrc;
  le32 unsupported_request;
  le32 completer_abort;
  le32 completion_timeout;
  le32 address;
  std::uint8_t index{};
  std::uint8_t flags{};  // bit 0: power break
};
static_assert(sizeof(Pcie) == 54);

struct Ddr {
  le32 count;
  le32 irq_status;
  std::array<le32, 2> data31_0;
  std::array<le32, 2> data63_32;
  std::array<le32, 2> data95_64;
  std::array<le32, 2> data127_96;
  le32 address_low;
  le16 address_high;
  le16 parity;
  le16 instance;
  le16 error_type;
};
static_assert(sizeof(Ddr) == 52);

struct SystemBus1 {
  le32 slave;
  le32 error_type;
  std::array<le16, 8> address;
  std::uint8_t instance{};
};
static_assert(sizeof(SystemBus1) == 25);

struct SystemBus2 {
  le32 lsb3;
  le32 msb3;
  le32 lsb2;
  le32 msb2;
  le32 external_id;
  le16 path;
  le16 operation;
  le16 length;
  le16 redirect;
  std::uint8_t valid{};
  std::uint8_t word_error{};
  std::uint8_t non_secure{};
  std::uint8_t opcode{};
  std::uint8_t error_code{};
  std::uint8_t transaction{};
  std::uint8_t address_space{};
  std::uint8_t instance{};
};
static_assert(sizeof(SystemBus2) == 36);

struct NspMemory {
  std::array<le32, 8> addresses;
  std::uint8_t nsp_id{};
};
static_assert(sizeof(NspMemory) == 33);

enum class Threshold : std::uint32_t { lower = 0, upper = 1, critical = 2 };

struct Temperature {
  le32 threshold;  // Threshold
  sle32 degrees;   // Celsius
};
static_assert(sizeof(Temperature) == 8);

struct Message {
  Header header;
  sle32 result;
  le32 source;
  le32 error_type;
  le32 threshold;
  le32 correctable_count;    // the host does not use it
  le32 uncorrectable_count;  // nor this
  le32 interrupt;
  std::array<std::byte, 64> syndrome{};
};
static_assert(sizeof(Message) == 104 && sizeof(Message) == sizeof(Header) + kBodySize);

}  // namespace qaic::wire::ras
