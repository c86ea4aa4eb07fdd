// Hand-written hex as bytes, and bytes as hex: blanks and '|' are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace qaic::tests {

inline base::ByteVector bytes_of_hex(std::string_view hex) {
  base::ByteVector out;
  unsigned digits = 0;
  unsigned value = 0;
  for (const char c : hex) {
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      continue;
    }
    value = value * 16 + digit;
    if (++digits == 2) {
      out.push_back(static_cast<std::byte>(value));
      digits = 0;
      value = 0;
    }
  }
  return out;
}

inline std::string hex_of(base::Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out.push_back(kDigits[std::to_integer<unsigned>(b) >> 4]);
    out.push_back(kDigits[std::to_integer<unsigned>(b) & 15]);
  }
  return out;
}

inline std::string zeros(std::size_t bytes) {
  return std::string(2 * bytes, '0');
}

// The digits of hand-written hex without its blanks.
inline std::string packed(std::string_view hex) {
  return hex_of(bytes_of_hex(hex));
}

}  // namespace qaic::tests
