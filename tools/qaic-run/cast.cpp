#include "tools/qaic-run/cast.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

using base::ErrorKind;
using base::fail;
using base::make_error;

namespace {

template <class T>
Number load_as(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return static_cast<Number>(value);
}

Number load_half(const std::byte* data) {
  return static_cast<Number>(element(QAIC_TYPE_FLOAT16, data));
}

struct NumpyType {
  std::string_view name;
  std::size_t size;
  Number (*load)(const std::byte*);
};

constexpr NumpyType kNumpyTypes[] = {
    {"f8", 8, load_as<double>},        {"f4", 4, load_as<float>},         {"f2", 2, load_half},
    {"i8", 8, load_as<std::int64_t>},  {"i4", 4, load_as<std::int32_t>},  {"i2", 2, load_as<std::int16_t>},
    {"i1", 1, load_as<std::int8_t>},   {"u8", 8, load_as<std::uint64_t>}, {"u4", 4, load_as<std::uint32_t>},
    {"u2", 2, load_as<std::uint16_t>}, {"u1", 1, load_as<std::uint8_t>}};

template <class T>
bool store_integer(Number number, std::byte* out) {
  // Written so that a NaN is refused; one above the largest T is exact.
  const Number above = std::ldexp(Number{1}, std::numeric_limits<T>::digits);
  if (!(number >= static_cast<Number>(std::numeric_limits<T>::min()) && number < above)) return false;
  if (number != std::trunc(number)) return false;
  const T value = static_cast<T>(number);
  std::memcpy(out, &value, sizeof value);
  return true;
}

bool store_float(Number number, std::byte* out) {
  const float value = static_cast<float>(number);
  if (std::isinf(value) && !std::isinf(number)) return false;
  std::memcpy(out, &value, sizeof value);
  return true;
}

// Round to nearest, ties to even, as the default rounding of nearbyint.
bool store_half(Number number, std::byte* out) {
  constexpr unsigned kInfinity = 0x7C00;
  unsigned bits = 0;
  const Number size = std::fabs(number);
  if (std::isnan(number)) {
    bits = kInfinity | 0x200;
  } else if (std::isinf(number)) {
    bits = kInfinity;
  } else if (size < std::ldexp(Number{1}, -14)) {
    bits = static_cast<unsigned>(std::nearbyint(std::ldexp(size, 24)));
  } else {
    const int exponent = std::ilogb(size);
    if (exponent > 15) return false;
    // A fraction that rounds up to 2 carries into the exponent, as it should.
    const auto fraction = static_cast<unsigned>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    bits = (static_cast<unsigned>(exponent + 15) << 10) + fraction - 1024;
    if (bits >= kInfinity) return false;
  }
  if (std::signbit(number)) bits |= 0x8000;
  const auto half = static_cast<std::uint16_t>(bits);
  std::memcpy(out, &half, sizeof half);
  return true;
}

}  // namespace

bool store_number(std::uint32_t type, Number number, std::byte* out) {
  switch (type) {
    case QAIC_TYPE_FLOAT32:
      return store_float(number, out);
    case QAIC_TYPE_FLOAT16:
      return store_half(number, out);
    case QAIC_TYPE_INT8_Q:
    case QAIC_TYPE_INT8:
      return store_integer<std::int8_t>(number, out);
    case QAIC_TYPE_UINT8_Q:
      return store_integer<std::uint8_t>(number, out);
    case QAIC_TYPE_INT16_Q:
      return store_integer<std::int16_t>(number, out);
    case QAIC_TYPE_INT32_Q:
    case QAIC_TYPE_INT32:
      return store_integer<std::int32_t>(number, out);
    case QAIC_TYPE_INT64:
      return store_integer<std::int64_t>(number, out);
    default:
      return false;
  }
}

base::Result<base::ByteVector> cast_elements(std::string_view numpy_type, base::Bytes data,
                                             const qaic_tensor& tensor) {
  const NumpyType* from = nullptr;
  for (const auto& known : kNumpyTypes) {
    if (known.name == numpy_type) from = &known;
  }
  const auto& to = tensor_type(tensor.type);
  if (from == nullptr) {
    return fail(make_error(ErrorKind::bad_input, "tensor-type",
                           fmt::format("elements of type {} cannot be cast to {}", numpy_type, to.name)));
  }
  const std::size_t count = data.size() / from->size;
  base::ByteVector out(count * to.size);
  for (std::size_t i = 0; i < count; ++i) {
    const Number number = from->load(data.data() + i * from->size);
    if (store_number(tensor.type, number, out.data() + i * to.size)) continue;
    return fail(make_error(ErrorKind::bad_input, "tensor-range",
                           fmt::format("element {} is {:g}, which '{}' ({}) cannot hold", i,
                                       static_cast<double>(number), tensor.name, to.name),
                           "--cast changes the type, never the number"));
  }
  return out;
}

}  // namespace qaic::tools::run
