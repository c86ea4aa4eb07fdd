#include "lib/transform/half.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace {

using qaic::transform::Half;
using qaic::transform::to_float;
using qaic::transform::to_half;

float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

// Another way to the same: as a number, not as bits.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : static_cast<double>(NAN);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

// The nearest half, found by trying: of the one below and the one above the
// nearer, of two as near the even one. `value` is not a NaN.
std::uint16_t nearest(float value) {
  const double size = std::fabs(static_cast<double>(value));
  std::uint16_t low = 0;
  std::uint16_t high = 0x7C00;
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (value_of(middle) <= size ? low : high) = middle;
  }
  // Infinity counts as 2^16 here.
  const double above = high == 0x7C00 ? 65536.0 : value_of(high);
  const double down = size - value_of(low);
  const double up = above - size;
  const bool lower = down < up || (down <= up && low % 2 == 0);
  const std::uint16_t found = lower ? low : high;
  return static_cast<std::uint16_t>(found | (std::signbit(value) ? 0x8000 : 0));
}

}  // namespace

TEST_CASE("a float is rounded to the nearest half, ties to even") {
  // Bits made by CPython's struct, formats "f" and "e"; 65520 overflows there.
  const struct {
    std::uint32_t from;
    std::uint16_t to;
  } rows[] = {{0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x3F800000, 0x3C00}, {0xC0000000, 0xC000},
              {0x477FE000, 0x7BFF}, {0x477FEFFF, 0x7BFF}, {0x477FF000, 0x7C00}, {0x3EAAAAAB, 0x3555},
              {0x38800000, 0x0400}, {0x387FE000, 0x0400}, {0x33800000, 0x0001}, {0x33000000, 0x0000},
              {0x33000001, 0x0001}, {0x33C00000, 0x0002}, {0x34200000, 0x0002}, {0x3F801000, 0x3C00},
              {0x3F803000, 0x3C02}, {0x3F801008, 0x3C01}, {0x3DCCCCCD, 0x2E66}, {0xC0490FDB, 0xC248},
              {0x447A1333, 0x63D1}, {0x7F800000, 0x7C00}, {0xFF800000, 0xFC00}, {0x7F7FFFFF, 0x7C00}};
  for (const auto& row : rows) {
    CHECK_MESSAGE(to_half(float_of(row.from)).bits == row.to, row.from);
  }
}

TEST_CASE("a NaN stays a NaN with its sign") {
  for (const std::uint32_t bits : {0x7F800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFF800001U, 0xFFC12345U}) {
    const auto half = to_half(float_of(bits)).bits;
    CHECK((half & 0x7C00) == 0x7C00);
    CHECK((half & 0x0200) != 0);
    CHECK((half >> 15) == (bits >> 31));
  }
  CHECK(to_half(float_of(0x7FC12000)).bits == 0x7E09);  // ten bits of the payload
}

TEST_CASE("every half is the float of its value and comes back as it was") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = to_float({half});
    const std::uint16_t back = to_half(value).bits;
    if (std::isnan(value_of(half))) {
      REQUIRE(std::isnan(value));
      REQUIRE(std::signbit(value) == ((bits & 0x8000) != 0));
      REQUIRE(back == (half | 0x0200));  // a signalling one is quiet now
    } else {
      REQUIRE(std::bit_cast<std::uint64_t>(static_cast<double>(value)) ==
              std::bit_cast<std::uint64_t>(value_of(half)));
      REQUIRE(back == half);
    }
  }
}

TEST_CASE("floats around every half and every middle round as the search says") {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const double low = value_of(static_cast<std::uint16_t>(bits));
    const double high = bits + 1 == 0x7C00 ? 65536.0 : value_of(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((low + high) / 2);  // exact
    for (const float value : {std::nextafterf(middle, 0.0F), middle, std::nextafterf(middle, INFINITY),
                              static_cast<float>(low + (high - low) * 0.3)}) {
      REQUIRE_MESSAGE(to_half(value).bits == nearest(value), value);
      REQUIRE_MESSAGE(to_half(-value).bits == nearest(-value), value);
    }
  }
}
