#include "tools/qaic-run/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

namespace {

// |a - b|; exact for 64-bit integers, which a double does not hold.
double difference(std::uint32_t type, const std::byte* a, const std::byte* b) {
  if (type == QAIC_TYPE_INT64) {
    std::int64_t one = 0;
    std::int64_t other = 0;
    std::memcpy(&one, a, sizeof one);
    std::memcpy(&other, b, sizeof other);
    const auto [low, high] = std::minmax(one, other);
    return static_cast<double>(static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low));
  }
  const double one = element(type, a);
  const double other = element(type, b);
  if (one == other || (std::isnan(one) && std::isnan(other))) return 0;  // also two infinities
  return std::abs(one - other);
}

class Pair {
 public:
  Pair(const qaic_tensor& tensor, base::Bytes expected, base::Bytes actual)
      : type_(tensor.type), size_(tensor_type(tensor.type).size), expected_(expected), actual_(actual) {}

  [[nodiscard]] std::size_t count() const {
    return size_ == 0 ? 0 : std::min(expected_.size(), actual_.size()) / size_;
  }
  [[nodiscard]] const std::byte* want(std::size_t i) const { return expected_.data() + i * size_; }
  [[nodiscard]] const std::byte* got(std::size_t i) const { return actual_.data() + i * size_; }

  void elements(const Criteria& criteria, Comparison& result) const {
    const double rtol = criteria.rtol.value_or(0);
    const double atol = criteria.atol.value_or(0);
    for (std::size_t i = 0; i < count(); ++i) {
      if (std::memcmp(want(i), got(i), size_) == 0) continue;
      const double error = difference(type_, want(i), got(i));
      if (std::isnan(error) || error > result.largest_error) result.largest_error = error;  // a NaN stays
      const double allowed = atol + rtol * std::abs(element(type_, want(i)));
      if ((criteria.rtol || criteria.atol) && std::isfinite(error) && error <= allowed) continue;
      ++result.mismatches;
      if (result.first_mismatch) continue;
      result.first_mismatch = i;
      result.expected = element_text(type_, want(i));
      result.actual = element_text(type_, got(i));
    }
  }

  [[nodiscard]] double cosine() const {
    double product = 0;
    double expected_square = 0;
    double actual_square = 0;
    for (std::size_t i = 0; i < count(); ++i) {
      const double a = element(type_, want(i));
      const double b = element(type_, got(i));
      product += a * b;
      expected_square += a * a;
      actual_square += b * b;
    }
    if (expected_square == 0 && actual_square == 0) return 1;
    if (expected_square == 0 || actual_square == 0) return 0;
    return product / (std::sqrt(expected_square) * std::sqrt(actual_square));
  }

  [[nodiscard]] TopK top_k(std::uint32_t k, std::size_t row, bool equal) const {
    TopK result;
    result.k = k;
    result.rows = row == 0 ? 0 : count() / row;
    if (equal) {
      result.same_set = result.same_order = result.rows;
      return result;
    }
    for (std::size_t r = 0; r < result.rows; ++r) {
      auto expected = largest(want(r * row), row, k);
      auto actual = largest(got(r * row), row, k);
      const bool ordered = expected == actual;
      std::sort(expected.begin(), expected.end());
      std::sort(actual.begin(), actual.end());
      if (expected == actual) {
        ++result.same_set;
        if (ordered) ++result.same_order;
      } else if (!result.first_difference) {
        result.first_difference = r;
      }
    }
    return result;
  }

 private:
  // Positions of the k largest of a row, largest first. A NaN is below all.
  [[nodiscard]] std::vector<std::size_t> largest(const std::byte* row, std::size_t length,
                                                 std::size_t k) const {
    std::vector<double> values(length);
    for (std::size_t i = 0; i < length; ++i) {
      const double value = element(type_, row + i * size_);
      values[i] = std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
    }
    std::vector<std::size_t> order(length);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(k, length));
    std::partial_sort(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
      return values[a] != values[b] ? values[a] > values[b] : a < b;
    });
    order.erase(end, order.end());
    return order;
  }

  std::uint32_t type_;
  std::size_t size_;
  base::Bytes expected_;
  base::Bytes actual_;
};

}  // namespace

std::size_t row_length(const qaic_tensor& tensor) {
  if (tensor.dim_count != 0) return static_cast<std::size_t>(std::max(tensor.dims[tensor.dim_count - 1], 0));
  const std::size_t size = tensor_type(tensor.type).size;
  return size == 0 ? 0 : tensor.byte_size / size;
}

Comparison compare(const qaic_tensor& tensor, base::Bytes expected, base::Bytes actual,
                   const Criteria& criteria) {
  const Pair pair(tensor, expected, actual);
  Comparison result;
  result.elements = pair.count();
  result.equal =
      expected.size() == actual.size() && std::memcmp(expected.data(), actual.data(), expected.size()) == 0;
  if (!result.equal) pair.elements(criteria, result);
  if (criteria.cosine) result.cosine = result.equal ? 1 : pair.cosine();
  if (criteria.top_k) result.top_k = pair.top_k(*criteria.top_k, row_length(tensor), result.equal);
  result.passed = expected.size() == actual.size() && (!criteria.by_element() || result.mismatches == 0) &&
                  (!criteria.cosine || *result.cosine >= *criteria.cosine) &&
                  (!criteria.top_k || result.top_k->same_set == result.top_k->rows);
  return result;
}

}  // namespace qaic::tools::run
