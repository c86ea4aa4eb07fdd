// Elements of one type from elements of another, each by itself. Source:
// runtime-protocols §1.3 (data types; real = (q - offset) * scale; quantised =
// round(real / scale) + offset, clamped). Pure functions; safe to use from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/qpc.hpp"

namespace qaic::transform {

// Of the quantised side.
struct Quantisation {
  float scale = 1;  // finite, above zero
  std::int32_t offset = 0;
};

// `count` elements at `in`, written to `out`; neither needs an alignment, and
// they share no bytes.
using ElementLoop = void (*)(const std::byte* in, std::byte* out, std::size_t count, Quantisation q);

// Bytes of an element; 0 for a type not known.
[[nodiscard]] std::size_t size_of(wire::qpc::DataType type);

// Whether elements stand for real numbers by a scale and an offset.
[[nodiscard]] bool is_quantised(wire::qpc::DataType type);

// Null: not a conversion whose result is known for every element. Known are
// float32 and float16 into each other (half.hpp), a type into itself, and
// index and plain integers into wider ones. What becomes of a number that the
// narrower integer does not have, and how integers become floats, is not known.
[[nodiscard]] ElementLoop convert_loop(wire::qpc::DataType from, wire::qpc::DataType to);

// From float32 or float16 to a quantised type; null for others. Divided in
// binary32 and rounded to nearest, ties to even, before the offset is added.
// [inferred: runtime-protocols says "round" and the order, not what becomes of
// ties; ONNX QuantizeLinear, which such networks are made from, has the same
// formula and ties to even.] A NaN has no place in either and becomes the
// offset, the real number 0 [invented].
[[nodiscard]] ElementLoop quantize_loop(wire::qpc::DataType from, wire::qpc::DataType to);

// From a quantised type to float32, or by way of it to float16; null for others.
[[nodiscard]] ElementLoop dequantize_loop(wire::qpc::DataType from, wire::qpc::DataType to);

}  // namespace qaic::transform
