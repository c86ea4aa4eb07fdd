// Sahara: how the second-stage loader takes further images from the host, and
// gives a memory dump. Little-endian packets, each {command, length of the whole
// packet}. Source: kernel-interface §5; status codes: the public protocol, which
// the kernel only prints.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::sahara {

using base::le32;
using base::le64;

enum class Command : std::uint32_t {
  hello = 0x01,           // card
  hello_response = 0x02,  // host
  read_data = 0x03,       // card; answered by raw bytes
  end_of_image = 0x04,    // card
  done = 0x05,            // host
  done_response = 0x06,   // card
  reset = 0x07,           // host
  reset_response = 0x08,  // card
  memory_debug64 = 0x10,  // card
  memory_read64 = 0x11,   // host; answered by raw bytes
};

enum class Mode : std::uint32_t { image_pending = 0, image_complete = 1, memory_debug = 2 };

enum class Status : std::uint32_t {
  success = 0x00,
  invalid_packet_size = 0x05,
  invalid_header_size = 0x07,
  invalid_data_size = 0x08,
};

inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::uint32_t kCompatible = 1;
inline constexpr std::uint32_t kMaxPacket = 65535;      // the host's only receive buffer
inline constexpr std::uint32_t kMaxReadData = 0x80000;  // bytes per READ_DATA

struct Header {
  le32 command;
  le32 length;
};
static_assert(sizeof(Header) == 8);

struct Hello {  // HELLO_RESP alike: its max_length is a status
  Header header;
  le32 version;
  le32 compatible;
  le32 max_length;
  le32 mode;
  std::array<le32, 6> reserved;
};
static_assert(sizeof(Hello) == 0x30);

struct ReadData {
  Header header;
  le32 image;
  le32 offset;
  le32 size;
};
static_assert(sizeof(ReadData) == 0x14);

struct EndOfImage {
  Header header;
  le32 image;
  le32 status;
};
static_assert(sizeof(EndOfImage) == 0x10);

struct StatusPacket {  // DONE_RESP
  Header header;
  le32 status;
};
static_assert(sizeof(StatusPacket) == 12);

struct MemoryRange {  // MEM_DEBUG64 (the table's place), MEM_READ64
  Header header;
  le64 address;
  le64 size;
};
static_assert(sizeof(MemoryRange) == 0x18);

struct DumpEntry {
  le64 type;
  le64 address;
  le64 size;
  std::array<char, 20> description{};
  std::array<char, 20> file_name{};
};
static_assert(sizeof(DumpEntry) == 64);

}  // namespace qaic::wire::sahara
