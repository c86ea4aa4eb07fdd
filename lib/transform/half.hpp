// IEEE 754 binary16 and binary32 into each other. Values; safe to use from any
// thread.
#pragma once

#include <bit>
#include <cstdint>

namespace qaic::transform {

// The bits of a binary16.
struct Half {
  std::uint16_t bits = 0;
};

// Exact. A NaN stays one, quiet, with its sign and payload.
[[nodiscard]] constexpr float to_float(Half half) {
  const std::uint32_t sign = std::uint32_t{half.bits & 0x8000U} << 16;
  const std::uint32_t exponent = half.bits >> 10 & 0x1FU;
  const std::uint32_t fraction = half.bits & 0x3FFU;
  if (exponent == 0) {
    // Zero or subnormal: a multiple of 2^-24, which binary32 has as a normal number.
    const float size = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(size) | sign);
  }
  if (exponent == 0x1F) {
    const std::uint32_t quiet = fraction != 0 ? 0x400000U : 0U;
    return std::bit_cast<float>(sign | 0x7F800000U | quiet | fraction << 13);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

// Rounded to nearest, ties to even, whatever the thread's rounding mode; beyond
// 65504 and its rounding, infinity; subnormals are made. A NaN stays one,
// quiet, with its sign and as much of its payload as there is room for.
[[nodiscard]] constexpr Half to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t size = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (size > 0x7F800000U) {
    half = 0x7E00U | (size >> 13 & 0x3FFU);
  } else if (size >= 0x477FF000U) {  // 65520, half way to 65536
    half = 0x7C00U;
  } else if (size >= 0x38800000U) {  // 2^-14, the smallest normal one
    half = (size - 0x38000000U + 0xFFFU + (size >> 13 & 1U)) >> 13;
  } else if (size >= 0x33000000U) {  // 2^-25, half of the smallest one
    const std::uint32_t fraction = (size & 0x7FFFFFU) | 0x800000U;
    const std::uint32_t shift = 126U - (size >> 23);
    const std::uint32_t rest = fraction & ((1U << shift) - 1U);
    const std::uint32_t middle = 1U << (shift - 1U);
    half = fraction >> shift;
    if (rest > middle || (rest == middle && (half & 1U) != 0)) ++half;
  }
  return {static_cast<std::uint16_t>(sign | half)};
}

}  // namespace qaic::transform
