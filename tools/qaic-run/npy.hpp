// NumPy's .npy files, versions 1 to 3: what a tensor comes from and goes to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::run {

struct Npy {
  std::string type;  // "f4", "i1": type character and size, little-endian
  std::vector<std::int64_t> shape;
  std::size_t data_offset = 0;
  std::size_t data_size = 0;
};

[[nodiscard]] bool is_npy(base::Bytes bytes);

// Header of a whole .npy file. Refuses big-endian, Fortran order, structured
// and object types, and data that is not as long as type and shape say. Error
// id: tensor-npy.
[[nodiscard]] base::Result<Npy> parse_npy(base::Bytes file);

// A version 1 header for this type and shape; the data follows it.
[[nodiscard]] std::string npy_header(const std::string& type, const std::vector<std::int64_t>& shape);

}  // namespace qaic::tools::run
