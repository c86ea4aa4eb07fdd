#include "lib/transform/elements.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using namespace qaic::transform;
using qaic::wire::qpc::DataType;

constexpr DataType kTypes[] = {DataType::float32, DataType::float16, DataType::int8_q, DataType::uint8_q,
                               DataType::int16_q, DataType::int32_q, DataType::int32,  DataType::int64,
                               DataType::int8,    DataType::bfloat16};

// Through memory that is aligned to nothing.
template <class To, class From>
std::vector<To> run(ElementLoop loop, const std::vector<From>& in, Quantisation q = {}) {
  const bool known = loop != nullptr;
  REQUIRE(known);
  std::vector<std::byte> from(in.size() * sizeof(From) + 1);
  std::vector<std::byte> to(in.size() * sizeof(To) + 3);
  std::memcpy(from.data() + 1, in.data(), in.size() * sizeof(From));
  loop(from.data() + 1, to.data() + 1, in.size(), q);
  CHECK(to.front() == std::byte{});
  CHECK(to.back() == std::byte{});
  std::vector<To> out(in.size());
  std::memcpy(out.data(), to.data() + 1, in.size() * sizeof(To));
  return out;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> out;
  for (const float value : values) out.push_back(std::bit_cast<std::uint32_t>(value));
  return out;
}

const std::vector<float> kReals = {0,      0.05F,  0.15F,  0.25F,  -0.05F, -0.15F, 1.0F,
                                   12.74F, 12.75F, 12.86F, -12.9F, -13.1F, 1e30F,  -1e30F};

}  // namespace

// The expected numbers of quantising: Python, the quotient rounded to binary32,
// round() of it as a Fraction, plus the offset, then clamped.
TEST_CASE("quantised numbers are rounded, ties to even, shifted and clamped") {
  const auto int8 = quantize_loop(DataType::float32, DataType::int8_q);
  CHECK(run<std::int8_t>(int8, kReals, {0.1F, 0}) ==
        std::vector<std::int8_t>{0, 0, 2, 2, 0, -2, 10, 127, 127, 127, -128, -128, 127, -128});
  CHECK(run<std::int8_t>(int8, kReals, {0.1F, 3}) ==
        std::vector<std::int8_t>{3, 3, 5, 5, 3, 1, 13, 127, 127, 127, -126, -128, 127, -128});
  // Rounded before the offset is added: an odd one does not turn ties round.
  CHECK(run<std::int8_t>(int8, std::vector<float>{0.25F, 0.75F, 1.25F, -0.25F, -0.75F}, {0.5F, 1}) ==
        std::vector<std::int8_t>{1, 3, 3, 1, -1});
  CHECK(run<std::uint8_t>(quantize_loop(DataType::float32, DataType::uint8_q), kReals, {0.1F, 128}) ==
        std::vector<std::uint8_t>{128, 128, 130, 130, 128, 126, 138, 255, 255, 255, 0, 0, 255, 0});
  CHECK(run<std::int16_t>(quantize_loop(DataType::float32, DataType::int16_q),
                          std::vector<float>{1.0F, 31.99F, 32.1F, -40.0F, 0x1p-11F, 0x1.8p-10F},
                          {0x1p-10F, -7}) == std::vector<std::int16_t>{1017, 32751, 32767, -32768, -7, -5});
  CHECK(run<std::int32_t>(quantize_loop(DataType::float32, DataType::int32_q),
                          std::vector<float>{2047.9999F, 2048.1F, -2048.5F, 1.0F, 3.3F}, {0x1p-20F, 5}) ==
        std::vector<std::int32_t>{2147483525, 2147483647, -2147483647 - 1, 1048581, 3460306});
}

TEST_CASE("what is no number, or has none, is quantised all the same") {
  const std::vector<float> odd = {NAN, -NAN, INFINITY, -INFINITY, 1e-45F};
  CHECK(run<std::int8_t>(quantize_loop(DataType::float32, DataType::int8_q), odd, {0.1F, 3}) ==
        std::vector<std::int8_t>{3, 3, 127, -128, 3});
  CHECK(run<std::int32_t>(quantize_loop(DataType::float32, DataType::int32_q), odd, {1e-45F, 3}) ==
        std::vector<std::int32_t>{3, 3, 2147483647, -2147483647 - 1, 4});
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  CHECK(run<std::int32_t>(quantize_loop(DataType::float32, DataType::int32_q),
                          std::vector<float>{1e30F, 0.0F},
                          {1, kMost}) == std::vector<std::int32_t>{kMost, kMost});
}

TEST_CASE("halves are quantised by their value") {
  // 1.0, -2.5, 0.0999756, 65504, infinity
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC100, 0x2E66, 0x7BFF, 0x7C00};
  CHECK(run<std::int8_t>(quantize_loop(DataType::float16, DataType::int8_q), halves, {0.5F, -1}) ==
        std::vector<std::int8_t>{1, -6, -1, 127, 127});
}

TEST_CASE("dequantised numbers are (q - offset) * scale") {
  // Bits by Python: the product as a double, rounded once.
  CHECK(bits(run<float>(dequantize_loop(DataType::int8_q, DataType::float32),
                        std::vector<std::int8_t>{-128, -1, 0, 3, 4, 127}, {0.1F, 3})) ==
        std::vector<std::uint32_t>{0xC151999A, 0xBECCCCCD, 0xBE99999A, 0x00000000, 0x3DCCCCCD, 0x41466667});
  CHECK(run<std::uint16_t>(dequantize_loop(DataType::uint8_q, DataType::float16),
                           std::vector<std::uint8_t>{0, 3, 4, 127, 255},
                           {0.1F, 3}) == std::vector<std::uint16_t>{0xB4CD, 0x0000, 0x2E66, 0x4A33, 0x4E4D});
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  CHECK(bits(run<float>(dequantize_loop(DataType::int32_q, DataType::float32),
                        std::vector<std::int32_t>{kLeast, 2147483647, 16777217, 0}, {0.1F, kLeast})) ==
        std::vector<std::uint32_t>{0x00000000, 0x4DCCCCCD, 0x4D4E6667, 0x4D4CCCCD});
  CHECK(bits(run<float>(dequantize_loop(DataType::int16_q, DataType::float32),
                        std::vector<std::int16_t>{-32768, 32767}, {0x1p-15F, 0})) ==
        std::vector<std::uint32_t>{0xBF800000, 0x3F7FFE00});
}

TEST_CASE("what was dequantised is quantised to the same number, of every 8-bit one") {
  std::vector<std::int8_t> all;
  for (int i = -128; i < 128; ++i) all.push_back(static_cast<std::int8_t>(i));
  for (const Quantisation q : {Quantisation{0.1F, 3}, {0.0123F, -128}, {7.5F, 127}}) {
    const auto reals = run<float>(dequantize_loop(DataType::int8_q, DataType::float32), all, q);
    CHECK(run<std::int8_t>(quantize_loop(DataType::float32, DataType::int8_q), reals, q) == all);
  }
}

TEST_CASE("floats are converted both ways, integers into wider ones") {
  CHECK(run<std::uint16_t>(convert_loop(DataType::float32, DataType::float16),
                           std::vector<float>{1, -2, 0.1F, 1e6F}) ==
        std::vector<std::uint16_t>{0x3C00, 0xC000, 0x2E66, 0x7C00});
  CHECK(bits(run<float>(convert_loop(DataType::float16, DataType::float32),
                        std::vector<std::uint16_t>{0x3C00, 0x0001, 0xFC00, 0x2E66})) ==
        std::vector<std::uint32_t>{0x3F800000, 0x33800000, 0xFF800000, 0x3DCCC000});
  CHECK(run<std::int32_t>(convert_loop(DataType::int8, DataType::int32),
                          std::vector<std::int8_t>{-128, 127}) == std::vector<std::int32_t>{-128, 127});
  CHECK(run<std::int64_t>(convert_loop(DataType::int8, DataType::int64), std::vector<std::int8_t>{-128, 1}) ==
        std::vector<std::int64_t>{-128, 1});
  CHECK(run<std::int64_t>(convert_loop(DataType::int32, DataType::int64),
                          std::vector<std::int32_t>{-2147483647 - 1, 7}) ==
        std::vector<std::int64_t>{-2147483648LL, 7});
}

TEST_CASE("conversions whose results nobody has written down are not made up") {
  int known = 0;
  for (const auto from : kTypes) {
    for (const auto to : kTypes) {
      const bool convert = convert_loop(from, to) != nullptr;
      CHECK(convert == (from == to || (from == DataType::float32 && to == DataType::float16) ||
                        (from == DataType::float16 && to == DataType::float32) ||
                        (from == DataType::int8 && (to == DataType::int32 || to == DataType::int64)) ||
                        (from == DataType::int32 && to == DataType::int64)));
      const bool from_float = from == DataType::float32 || from == DataType::float16;
      const bool to_float = to == DataType::float32 || to == DataType::float16;
      const bool quantize = quantize_loop(from, to) != nullptr;
      const bool dequantize = dequantize_loop(from, to) != nullptr;
      CHECK(quantize == (from_float && is_quantised(to)));
      CHECK(dequantize == (is_quantised(from) && to_float));
      known += convert ? 1 : 0;
    }
  }
  CHECK(known == 15);
  const bool ninth = convert_loop(static_cast<DataType>(9), static_cast<DataType>(9)) != nullptr;
  CHECK_FALSE(ninth);
  CHECK(size_of(static_cast<DataType>(9)) == 0);
}
