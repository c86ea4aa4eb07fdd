// Fuzz input as a stream of small numbers and byte strings; zeros at its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/bytes.hpp"

namespace qaic::tests {

class FuzzBytes {
 public:
  FuzzBytes(const std::uint8_t* data, std::size_t size) : rest_(std::as_bytes(std::span(data, size))) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  base::Bytes take(std::size_t size) {
    const base::Bytes out = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

 private:
  template <class T>
  T number() {
    base::Le<T> value;
    const base::Bytes bytes = take(sizeof(T));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  base::Bytes rest_;
};

// A promise of the card that does not depend on what the host does.
inline void insist(bool kept) {
  if (!kept) std::abort();
}

}  // namespace qaic::tests
