// Byte spans, and structs of alignment-1 little-endian fields that are copied
// out of and into them. Nothing is ever cast in place.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace qaic::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using ByteVector = std::vector<std::byte>;

// An integer stored little-endian, at any alignment.
template <class T>
class Le {
  static_assert(std::is_integral_v<T>);

 public:
  constexpr Le() = default;
  constexpr Le(T value) { set(value); }  // NOLINT: a field converts from and to its value
  constexpr operator T() const { return get(); }

  [[nodiscard]] constexpr T get() const {
    using U = std::make_unsigned_t<T>;
    U value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<U>(value | static_cast<U>(static_cast<U>(bytes_[i]) << (8 * i)));
    }
    return static_cast<T>(value);
  }
  constexpr void set(T value) {
    using U = std::make_unsigned_t<T>;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_[i] = static_cast<std::uint8_t>(static_cast<U>(value) >> (8 * i));
    }
  }

 private:
  std::array<std::uint8_t, sizeof(T)> bytes_{};
};

using le16 = Le<std::uint16_t>;
using le32 = Le<std::uint32_t>;
using le64 = Le<std::uint64_t>;
using sle32 = Le<std::int32_t>;

// A struct that may be copied from and to bytes: only alignment-1 members.
template <class T>
concept WireStruct = std::is_trivially_copyable_v<T> && alignof(T) == 1;

// Copies a T from `bytes` at `offset`; nothing if it does not fit.
template <WireStruct T>
[[nodiscard]] std::optional<T> read_struct(Bytes bytes, std::size_t offset = 0) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// Copies `value` into `bytes` at `offset`; false if it does not fit.
template <WireStruct T>
[[nodiscard]] bool write_struct(MutableBytes bytes, const T& value, std::size_t offset = 0) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
  return true;
}

template <WireStruct T>
void append_struct(ByteVector& out, const T& value) {
  // Not insert(): GCC 12 warns about its own library there.
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

template <WireStruct T>
[[nodiscard]] Bytes bytes_of(const T& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof(T)};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Fixed-width text that need not be terminated: up to the first NUL.
template <std::size_t N>
[[nodiscard]] std::string fixed_text(const std::array<char, N>& field) {
  const std::string_view all(field.data(), N);
  return std::string(all.substr(0, all.find('\0')));
}

// Fills a fixed-width field, cut to its width, the rest zero.
template <std::size_t N>
void set_fixed_text(std::array<char, N>& field, std::string_view text) {
  field.fill('\0');
  std::memcpy(field.data(), text.data(), text.size() < N ? text.size() : N);
}

// The part [offset, offset + size) of `bytes`; nothing if it is not inside.
inline std::optional<Bytes> slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

}  // namespace qaic::base
