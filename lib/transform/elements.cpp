#include "lib/transform/elements.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/transform/half.hpp"

namespace qaic::transform {
namespace {

using wire::qpc::DataType;

// Tensors are little-endian, and what is loaded and stored here is the host's.
static_assert(std::endian::native == std::endian::little);

// Far beyond every type and offset, and small enough for what rounds: a sum of
// 1.5 * 2^52 and such a number has no room for a fraction.
constexpr double kBound = 0x1p40;
constexpr double kRounds = 0x1.8p52;

float real(float value) {
  return value;
}
float real(Half value) {
  return to_float(value);
}
template <class T>
T float_as(float value) {
  return value;
}
template <>
Half float_as<Half>(float value) {
  return to_half(value);
}

template <class From, class To, class F>
void each(const std::byte* in, std::byte* out, std::size_t count, F change) {
  for (std::size_t i = 0; i < count; ++i) {
    From from;
    std::memcpy(&from, in + i * sizeof from, sizeof from);
    const To to = change(from);
    std::memcpy(out + i * sizeof to, &to, sizeof to);
  }
}

template <std::size_t Size>
void copy(const std::byte* in, std::byte* out, std::size_t count, Quantisation /*q*/) {
  std::memcpy(out, in, count * Size);
}

template <class From, class To>
void between_floats(const std::byte* in, std::byte* out, std::size_t count, Quantisation /*q*/) {
  each<From, To>(in, out, count, [](From value) { return float_as<To>(real(value)); });
}

template <class From, class To>
void widen(const std::byte* in, std::byte* out, std::size_t count, Quantisation /*q*/) {
  each<From, To>(in, out, count, [](From value) { return To{value}; });
}

template <class From, class To>
void quantize(const std::byte* in, std::byte* out, std::size_t count, Quantisation q) {
  each<From, To>(in, out, count, [q](From value) {
    const auto quotient = static_cast<double>(real(value) / q.scale);
    const double bounded = std::isnan(quotient) ? 0.0 : std::clamp(quotient, -kBound, kBound);
    const double whole = (bounded + kRounds) - kRounds;
    const std::int64_t number = static_cast<std::int64_t>(whole) + q.offset;
    return static_cast<To>(
        std::clamp<std::int64_t>(number, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
  });
}

template <class From, class To>
void dequantize(const std::byte* in, std::byte* out, std::size_t count, Quantisation q) {
  each<From, To>(in, out, count, [q](From value) {
    const std::int64_t steps = std::int64_t{value} - q.offset;
    return float_as<To>(static_cast<float>(static_cast<double>(steps) * static_cast<double>(q.scale)));
  });
}

template <class From>
ElementLoop quantize_from(DataType to) {
  switch (to) {
    case DataType::int8_q:
      return quantize<From, std::int8_t>;
    case DataType::uint8_q:
      return quantize<From, std::uint8_t>;
    case DataType::int16_q:
      return quantize<From, std::int16_t>;
    case DataType::int32_q:
      return quantize<From, std::int32_t>;
    case DataType::float32:
    case DataType::float16:
    case DataType::int32:
    case DataType::int64:
    case DataType::int8:
    case DataType::bfloat16:
      break;
  }
  return nullptr;
}

template <class To>
ElementLoop dequantize_to(DataType from) {
  switch (from) {
    case DataType::int8_q:
      return dequantize<std::int8_t, To>;
    case DataType::uint8_q:
      return dequantize<std::uint8_t, To>;
    case DataType::int16_q:
      return dequantize<std::int16_t, To>;
    case DataType::int32_q:
      return dequantize<std::int32_t, To>;
    case DataType::float32:
    case DataType::float16:
    case DataType::int32:
    case DataType::int64:
    case DataType::int8:
    case DataType::bfloat16:
      break;
  }
  return nullptr;
}

ElementLoop copy_loop(DataType type) {
  switch (size_of(type)) {
    case 1:
      return copy<1>;
    case 2:
      return copy<2>;
    case 4:
      return copy<4>;
    case 8:
      return copy<8>;
    default:
      return nullptr;
  }
}

}  // namespace

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::int8_q:
    case DataType::uint8_q:
    case DataType::int8:
      return 1;
    case DataType::float16:
    case DataType::int16_q:
    case DataType::bfloat16:
      return 2;
    case DataType::float32:
    case DataType::int32_q:
    case DataType::int32:
      return 4;
    case DataType::int64:
      return 8;
  }
  return 0;
}

bool is_quantised(DataType type) {
  return type == DataType::int8_q || type == DataType::uint8_q || type == DataType::int16_q ||
         type == DataType::int32_q;
}

ElementLoop convert_loop(DataType from, DataType to) {
  if (from == to) return copy_loop(from);
  if (from == DataType::float32 && to == DataType::float16) return between_floats<float, Half>;
  if (from == DataType::float16 && to == DataType::float32) return between_floats<Half, float>;
  if (from == DataType::int8 && to == DataType::int32) return widen<std::int8_t, std::int32_t>;
  if (from == DataType::int8 && to == DataType::int64) return widen<std::int8_t, std::int64_t>;
  if (from == DataType::int32 && to == DataType::int64) return widen<std::int32_t, std::int64_t>;
  return nullptr;
}

ElementLoop quantize_loop(DataType from, DataType to) {
  if (from == DataType::float32) return quantize_from<float>(to);
  if (from == DataType::float16) return quantize_from<Half>(to);
  return nullptr;
}

ElementLoop dequantize_loop(DataType from, DataType to) {
  if (to == DataType::float32) return dequantize_to<float>(from);
  if (to == DataType::float16) return dequantize_to<Half>(from);
  return nullptr;
}

}  // namespace qaic::transform
