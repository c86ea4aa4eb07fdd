// Elements as numbers, from any NumPy type and into a tensor's: only when asked
// for, and only when the number is still the same.
#pragma once

#include <cstddef>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::run {

// Whether elements of another type than the tensor's may be converted (--cast).
enum class Cast { refused, allowed };

// Holds every 64-bit integer and every double exactly.
using Number = long double;

// Writes `number` as an element of descriptor type `type` at `out`, which has
// room for it. False when the type has no such number: out of its range, no
// whole number for an integer type. Floats are rounded to the nearest.
[[nodiscard]] bool store_number(std::uint32_t type, Number number, std::byte* out);

// Elements of a NumPy type ("f8", "u2") as elements of the tensor's. Error ids:
// tensor-type for a NumPy type that has no numbers, tensor-range for a number
// that the tensor's type does not have.
[[nodiscard]] base::Result<base::ByteVector> cast_elements(std::string_view numpy_type, base::Bytes data,
                                                           const qaic_tensor& tensor);

}  // namespace qaic::tools::run
