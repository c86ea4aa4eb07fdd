// A line as one message of QAIC_LOGGING: at most 512 bytes, ended by a newline
// and a NUL. The NUL is dropped by newer drivers and overwritten by older ones,
// which would take a letter instead (kernel-interface §6.4).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace qaic::sim::device {

inline constexpr std::size_t kLongestLogLine = 510;  // bytes, and newline and NUL

[[nodiscard]] inline base::ByteVector log_message(std::string_view line) {
  std::string text(line.substr(0, kLongestLogLine));
  text += '\n';
  text += '\0';
  const base::Bytes bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace qaic::sim::device
