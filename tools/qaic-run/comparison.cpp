#include "tools/qaic-run/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

Comparison compare(const qaic_tensor& tensor, base::Bytes expected, base::Bytes actual) {
  Comparison result;
  const std::size_t size = tensor_type(tensor.type).size;
  result.elements = size == 0 ? 0 : expected.size() / size;
  for (std::size_t i = 0; i < result.elements; ++i) {
    const std::byte* want = expected.data() + i * size;
    const std::byte* got = actual.data() + i * size;
    if (std::memcmp(want, got, size) == 0) continue;
    ++result.mismatches;
    if (!result.first_mismatch) {
      result.first_mismatch = i;
      result.expected = element_text(tensor.type, want);
      result.actual = element_text(tensor.type, got);
    }
    const double error = std::abs(element(tensor.type, want) - element(tensor.type, got));
    if (!(error <= result.largest_error)) result.largest_error = error;  // a NaN stays
  }
  return result;
}

}  // namespace qaic::tools::run
