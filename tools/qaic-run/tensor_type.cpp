#include "tools/qaic-run/tensor_type.hpp"

#include <fmt/format.h>
#include <qaic/qaic.h>

#include <array>
#include <cmath>
#include <cstring>

namespace qaic::tools::run {

namespace {

constexpr std::array<TensorType, 9> kTypes{{{"float32", "f4", 4},
                                            {"float16", "f2", 2},
                                            {"int8", "i1", 1},
                                            {"uint8", "u1", 1},
                                            {"int16", "i2", 2},
                                            {"int32", "i4", 4},
                                            {"int32", "i4", 4},
                                            {"int64", "i8", 8},
                                            {"int8", "i1", 1}}};
constexpr TensorType kUnknown{"unknown", "", 0};

template <class T>
T load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

double half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : static_cast<double>(NAN);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

}  // namespace

const TensorType& tensor_type(std::uint32_t number) {
  return number < kTypes.size() ? kTypes[number] : kUnknown;
}

double element(std::uint32_t type, const std::byte* data) {
  switch (type) {
    case QAIC_TYPE_FLOAT32:
      return static_cast<double>(load<float>(data));
    case QAIC_TYPE_FLOAT16:
      return half(load<std::uint16_t>(data));
    case QAIC_TYPE_INT8_Q:
    case QAIC_TYPE_INT8:
      return load<std::int8_t>(data);
    case QAIC_TYPE_UINT8_Q:
      return load<std::uint8_t>(data);
    case QAIC_TYPE_INT16_Q:
      return load<std::int16_t>(data);
    case QAIC_TYPE_INT32_Q:
    case QAIC_TYPE_INT32:
      return load<std::int32_t>(data);
    case QAIC_TYPE_INT64:
      return static_cast<double>(load<std::int64_t>(data));
    default:
      return NAN;
  }
}

std::string element_text(std::uint32_t type, const std::byte* data) {
  if (type == QAIC_TYPE_INT64) return fmt::format("{}", load<std::int64_t>(data));
  if (type == QAIC_TYPE_FLOAT32 || type == QAIC_TYPE_FLOAT16) return fmt::format("{:g}", element(type, data));
  return fmt::format("{:.0f}", element(type, data));
}

}  // namespace qaic::tools::run
