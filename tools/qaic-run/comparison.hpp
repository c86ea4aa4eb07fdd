// Outputs against expected ones: byte for byte, or as near as is asked for, with
// what differs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>

#include "base/bytes.hpp"

namespace qaic::tools::run {

// What makes an output right. All that is given must hold; with nothing given,
// every byte must be the same.
struct Criteria {
  std::optional<double> rtol;  // an element differs when |actual - expected| > atol + rtol * |expected|
  std::optional<double> atol;
  std::optional<double> cosine;        // at least this, over the whole tensor
  std::optional<std::uint32_t> top_k;  // the positions of the K largest of each row are the same

  [[nodiscard]] bool by_element() const { return rtol || atol || (!cosine && !top_k); }
  [[nodiscard]] bool exact() const { return !rtol && !atol && !cosine && !top_k; }
};

// A row is the last dimension; of equal elements the first counts as the larger.
struct TopK {
  std::uint32_t k = 0;
  std::size_t rows = 0;
  std::size_t same_set = 0;                     // rows whose K largest are at the same positions
  std::size_t same_order = 0;                   // of these, also ordered the same way
  std::optional<std::size_t> first_difference;  // row, by set
};

struct Comparison {
  bool passed = true;
  bool equal = true;  // byte for byte
  std::size_t elements = 0;
  std::size_t mismatches = 0;                 // beyond rtol and atol, or any difference without them
  std::optional<std::size_t> first_mismatch;  // element number
  std::string expected;                       // there, as text
  std::string actual;
  double largest_error = 0;      // absolute, over all elements; NaN where one of the two is NaN
  std::optional<double> cosine;  // when asked for; NaN when it has none
  std::optional<TopK> top_k;
};

[[nodiscard]] Comparison compare(const qaic_tensor& tensor, base::Bytes expected, base::Bytes actual,
                                 const Criteria& criteria);

// Elements in a row of this tensor: all of them when it has no dimensions.
[[nodiscard]] std::size_t row_length(const qaic_tensor& tensor);

}  // namespace qaic::tools::run
