// Outputs against expected ones: exact, byte for byte, with what differs.
#pragma once

#include <cstddef>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>

#include "base/bytes.hpp"

namespace qaic::tools::run {

struct Comparison {
  std::size_t elements = 0;
  std::size_t mismatches = 0;
  std::optional<std::size_t> first_mismatch;  // element number
  std::string expected;                       // there, as text
  std::string actual;
  double largest_error = 0;  // absolute, over all elements
};

[[nodiscard]] Comparison compare(const qaic_tensor& tensor, base::Bytes expected, base::Bytes actual);

}  // namespace qaic::tools::run
