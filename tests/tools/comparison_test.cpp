#include "tools/qaic-run/comparison.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <span>
#include <vector>

#include "tools/qaic-run/tensor_type.hpp"

using namespace qaic;
using namespace qaic::tools::run;

namespace {

constexpr double kNan = NAN;
constexpr double kInfinity = INFINITY;

qaic_tensor rows_of(std::uint32_t type, std::int32_t rows, std::int32_t length) {
  qaic_tensor out{};
  out.direction = QAIC_TENSOR_OUTPUT;
  out.type = type;
  out.dim_count = 2;
  out.dims[0] = rows;
  out.dims[1] = length;
  out.byte_size = tensor_type(type).size * static_cast<std::size_t>(rows * length);
  out.name = "x";
  return out;
}

Comparison ints(const std::vector<std::int32_t>& wanted, const std::vector<std::int32_t>& got,
                const Criteria& criteria = {}, std::int32_t rows = 1) {
  const auto length = static_cast<std::int32_t>(wanted.size()) / rows;
  return compare(rows_of(QAIC_TYPE_INT32, rows, length), std::as_bytes(std::span(wanted)),
                 std::as_bytes(std::span(got)), criteria);
}

Comparison floats(const std::vector<double>& wanted, const std::vector<double>& got,
                  const Criteria& criteria) {
  const std::vector<float> one(wanted.begin(), wanted.end());
  const std::vector<float> other(got.begin(), got.end());
  return compare(rows_of(QAIC_TYPE_FLOAT32, 1, static_cast<std::int32_t>(wanted.size())),
                 std::as_bytes(std::span(one)), std::as_bytes(std::span(other)), criteria);
}

Criteria near(std::optional<double> rtol, std::optional<double> atol) {
  Criteria out;
  out.rtol = rtol;
  out.atol = atol;
  return out;
}

Criteria cosine(double least) {
  Criteria out;
  out.cosine = least;
  return out;
}

Criteria top(std::uint32_t k) {
  Criteria out;
  out.top_k = k;
  return out;
}

}  // namespace

TEST_CASE("a comparison names the first difference and the largest error") {
  const auto result = ints({1, 2, 3, 4}, {1, 5, 3, -6});
  CHECK_FALSE(result.passed);
  CHECK_FALSE(result.equal);
  CHECK(result.mismatches == 2);
  CHECK(*result.first_mismatch == 1);
  CHECK(result.expected == "2");
  CHECK(result.actual == "5");
  CHECK(result.largest_error == 10);
  const auto same = ints({1, 2, 3, 4}, {1, 2, 3, 4});
  CHECK(same.passed);
  CHECK(same.equal);
  CHECK(same.mismatches == 0);
  CHECK(same.elements == 4);
}

TEST_CASE("an element may be off by atol and rtol of what is expected, and no more") {
  CHECK(floats({100, 1}, {101, 1}, near({}, 1)).passed);
  CHECK_FALSE(floats({100, 1}, {101.5, 1}, near({}, 1)).passed);
  CHECK(floats({100, 1}, {101, 1.005}, near(0.01, {})).passed);
  CHECK_FALSE(floats({100, 1}, {101, 1.02}, near(0.01, {})).passed);
  CHECK(floats({100}, {102}, near(0.01, 1)).passed);
  CHECK_FALSE(floats({100}, {102.1}, near(0.01, 1)).passed);
  CHECK(ints({-100}, {-101}, near(0.01, {})).passed);
  const auto one_off = floats({100, 1, 7}, {100.5, 1, 9}, near({}, 1));
  CHECK(one_off.mismatches == 1);
  CHECK(*one_off.first_mismatch == 2);
  CHECK(one_off.largest_error == 2);
}

TEST_CASE("numbers that are none are near only to their like") {
  CHECK(floats({kNan, kInfinity}, {kNan, kInfinity}, near(1, 1)).passed);
  CHECK_FALSE(floats({kNan}, {1}, near(1, 1)).passed);
  CHECK_FALSE(floats({1}, {kNan}, near(1, 1)).passed);
  CHECK_FALSE(floats({kInfinity}, {1}, near(1, 1)).passed);
  CHECK_FALSE(floats({kInfinity}, {-kInfinity}, near(1, 1)).passed);
  CHECK(std::isnan(floats({1, 0}, {kNan, 5}, near({}, 1)).largest_error));
  // The same number in other bits.
  CHECK(floats({0.0}, {-0.0}, near({}, 0)).passed);
  CHECK_FALSE(floats({0.0}, {-0.0}, {}).passed);
}

TEST_CASE("large integers differ by what they differ by, not by what a double can say") {
  const std::vector<std::int64_t> wanted{(1LL << 60) + 1};
  const std::vector<std::int64_t> got{1LL << 60};
  const auto tensor = rows_of(QAIC_TYPE_INT64, 1, 1);
  const auto result =
      compare(tensor, std::as_bytes(std::span(wanted)), std::as_bytes(std::span(got)), near({}, 0.5));
  CHECK_FALSE(result.passed);
  CHECK(result.largest_error == 1);
}

TEST_CASE("a cosine is over the whole tensor, and takes the place of equal elements") {
  CHECK(floats({1, 2}, {10, 20}, cosine(0.999999)).passed);
  const auto right_angle = floats({1, 0}, {0, 1}, cosine(0.1));
  CHECK_FALSE(right_angle.passed);
  CHECK(*right_angle.cosine == doctest::Approx(0));
  CHECK(*floats({3, 4}, {4, 3}, cosine(0)).cosine == doctest::Approx(0.96));
  CHECK(floats({0, 0}, {0, -0.0}, cosine(1)).passed);
  CHECK_FALSE(floats({0, 0}, {0, 1}, cosine(0.1)).passed);
  CHECK_FALSE(floats({1, 1}, {1, kNan}, cosine(-1)).passed);
  auto both = cosine(0.9);
  both.atol = 0.5;
  CHECK_FALSE(floats({1, 2}, {10, 20}, both).passed);
}

TEST_CASE("the largest of each row must be at the same places, in any order") {
  const auto swapped = ints({9, 8, 1, 0, 1, 2, 3, 4}, {8, 9, 1, 0, 0, 0, 7, 8}, top(2), 2);
  CHECK(swapped.passed);
  CHECK(swapped.top_k->rows == 2);
  CHECK(swapped.top_k->same_set == 2);
  CHECK(swapped.top_k->same_order == 1);
  const auto other = ints({9, 8, 1, 0, 1, 2, 3, 4}, {9, 8, 1, 0, 9, 2, 3, 4}, top(2), 2);
  CHECK_FALSE(other.passed);
  CHECK(*other.top_k->first_difference == 1);
  CHECK(other.mismatches == 1);
  // Of equal elements the first counts.
  CHECK(ints({5, 5, 0}, {5, 4, 0}, top(1)).passed);
  CHECK_FALSE(ints({5, 5, 0}, {4, 5, 0}, top(1)).passed);
  CHECK(floats({kNan, 1, 0}, {-5, 1, 0}, top(1)).passed);
}

TEST_CASE("a row is the last dimension, or all of a tensor without one") {
  auto tensor = rows_of(QAIC_TYPE_INT32, 3, 5);
  CHECK(row_length(tensor) == 5);
  tensor.dim_count = 0;
  CHECK(row_length(tensor) == 15);
}
