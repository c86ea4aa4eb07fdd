// Element types of tensors: names, sizes, and their NumPy counterparts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qaic::tools::run {

struct TensorType {
  std::string_view name;   // "float32", "int8"
  std::string_view numpy;  // type character and size of a little-endian .npy: "f4", "i1"
  std::size_t size;        // bytes of one element
};

// The type of a descriptor number; name "unknown" and size 0 for others.
const TensorType& tensor_type(std::uint32_t number);

// One element as a number: exact for all integer types.
double element(std::uint32_t type, const std::byte* data);
std::string element_text(std::uint32_t type, const std::byte* data);

}  // namespace qaic::tools::run
