// Time between host and card: channels QAIC_TIMESYNC (at boot) and
// QAIC_TIMESYNC_PERIODIC. Little-endian. Source: kernel-interface §6.3.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::timesync {

inline constexpr std::uint16_t kSignature = 0x55AA;

enum class Type : std::uint8_t {
  request = 0,  // card to host: what time is it?
  time = 1,     // host to card: a Message
  done = 2,     // card to host: heard
};

struct Header {
  base::le16 signature;
  base::le16 reserved0;
  std::uint8_t reserved1{};
  std::uint8_t type{};
  base::le16 reserved2;
};
static_assert(sizeof(Header) == 8 && alignof(Header) == 1);

// At boot host UTC, later host UTC minus the card's counter.
struct Message {
  Header header;
  base::le64 seconds;
  base::le64 microseconds;
};
static_assert(sizeof(Message) == 24);

}  // namespace qaic::wire::timesync
