#include "tools/qaic-run/cast.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "tools/qaic-run/tensor_type.hpp"

using namespace qaic;
using namespace qaic::tools::run;

namespace {

qaic_tensor tensor(std::uint32_t type) {
  qaic_tensor out{};
  out.type = type;
  out.name = "x";
  return out;
}

// Bits of a number as a half, or what no half is: 0xFFFF is a NaN.
std::uint16_t half(Number number) {
  std::uint16_t bits = 0xFFFF;
  if (!store_number(QAIC_TYPE_FLOAT16, number, reinterpret_cast<std::byte*>(&bits))) return 0xFFFF;
  return bits;
}

template <class T>
std::string cast(const char* numpy, T value, std::uint32_t type) {
  const auto out = cast_elements(numpy, std::as_bytes(std::span(&value, 1)), tensor(type));
  return out ? element_text(type, out->data()) : out.error().id;
}

}  // namespace

TEST_CASE("a number keeps its value in every type that has it") {
  CHECK(cast("f8", 1.5, QAIC_TYPE_FLOAT32) == "1.5");
  CHECK(cast("f8", -128.0, QAIC_TYPE_INT8) == "-128");
  CHECK(cast("u4", 4294967295U, QAIC_TYPE_INT64) == "4294967295");
  CHECK(cast("i8", INT64_MIN, QAIC_TYPE_INT64) == "-9223372036854775808");
  CHECK(cast("u1", std::uint8_t{255}, QAIC_TYPE_FLOAT16) == "255");
}

TEST_CASE("a number that the other type does not have is refused") {
  CHECK(cast("f8", 0.5, QAIC_TYPE_INT32) == "tensor-range");
  CHECK(cast("f8", 128.0, QAIC_TYPE_INT8) == "tensor-range");
  CHECK(cast("f8", static_cast<double>(NAN), QAIC_TYPE_INT32) == "tensor-range");
  CHECK(cast("f8", static_cast<double>(INFINITY), QAIC_TYPE_INT64) == "tensor-range");
  CHECK(cast("f8", 1e300, QAIC_TYPE_FLOAT32) == "tensor-range");
  CHECK(cast("u8", UINT64_MAX, QAIC_TYPE_INT64) == "tensor-range");
  CHECK(cast("i1", std::int8_t{-1}, QAIC_TYPE_UINT8_Q) == "tensor-range");
  CHECK(cast("c8", 1.0, QAIC_TYPE_FLOAT32) == "tensor-type");
}

TEST_CASE("every half is itself again") {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto wanted = static_cast<std::uint16_t>(bits);
    const double value = element(QAIC_TYPE_FLOAT16, reinterpret_cast<const std::byte*>(&wanted));
    if (!std::isnan(value)) REQUIRE(half(static_cast<Number>(value)) == wanted);
  }
}

TEST_CASE("a half is the nearest, the even one of two as near") {
  CHECK(half(1 + std::ldexp(Number{1}, -11)) == 0x3C00);      // between 1 and the next
  CHECK(half(1 + 3 * std::ldexp(Number{1}, -11)) == 0x3C02);  // between the next two
  CHECK(half(2047.9) == 0x6800);                              // carries into the exponent
  CHECK(half(std::ldexp(Number{1}, -25)) == 0);
  CHECK(half(std::ldexp(Number{1}, -24) * 0.51) == 1);
  CHECK(half(65519) == 0x7BFF);
  CHECK(half(65520) == 0xFFFF);
}
