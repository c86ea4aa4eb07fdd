#include "lib/transform/permutation.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace {

using qaic::transform::Permutation;
using Axis = Permutation::Axis;

// Elements of `Bytes` bytes, numbered, after the walk over `axes`.
template <class T>
std::vector<T> walked(const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) count *= axis.size;
  std::vector<T> in(count);
  std::iota(in.begin(), in.end(), T{0});
  std::vector<T> out(count + 1, T{99});
  Permutation(axes, sizeof(T))
      .run(reinterpret_cast<const std::byte*>(in.data()), reinterpret_cast<std::byte*>(out.data()));
  CHECK(out.back() == T{99});  // nothing behind it
  out.pop_back();
  return out;
}

// Strides 12, 4, 1 of dims 2, 3, 4, walked as 4, 2, 3: by Python's itertools.
const std::vector<Axis> kTurned = {{4, 1}, {2, 12}, {3, 4}};
const std::vector<int> kTurnedNumbers = {0, 4, 8,  12, 16, 20, 1, 5, 9,  13, 17, 21,
                                         2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23};

template <class T>
void check_turned() {
  const std::vector<T> expected(kTurnedNumbers.begin(), kTurnedNumbers.end());
  CHECK(walked<T>(kTurned) == expected);
}

}  // namespace

TEST_CASE("elements of every size come in the order of the walk") {
  check_turned<std::uint8_t>();
  check_turned<std::uint16_t>();
  check_turned<std::uint32_t>();
  check_turned<std::uint64_t>();
}

TEST_CASE("what lies together is moved together and is right") {
  // dims 2, 3, 4 as 3, 2, 4: runs of four elements
  CHECK(walked<int>({{3, 4}, {2, 12}, {4, 1}}) == std::vector<int>{0, 1, 2,  3,  12, 13, 14, 15,
                                                                   4, 5, 6,  7,  16, 17, 18, 19,
                                                                   8, 9, 10, 11, 20, 21, 22, 23});
  // Not turned at all: one run. A byte each: runs of 3, no power of two.
  CHECK(walked<std::uint16_t>({{2, 3}, {3, 1}}) == std::vector<std::uint16_t>{0, 1, 2, 3, 4, 5});
  CHECK(walked<std::uint8_t>({{2, 3}, {2, 6}, {3, 1}}) ==
        std::vector<std::uint8_t>{0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11});
}

TEST_CASE("axes of size 1 change nothing, and a scalar is one element") {
  CHECK(walked<int>({{1, 77}, {3, 1}, {1, 5}, {2, 3}, {1, 0}}) == std::vector<int>{0, 3, 1, 4, 2, 5});
  CHECK(walked<int>({}) == std::vector<int>{0});
  CHECK(walked<int>({{1, 1}}) == std::vector<int>{0});
}

TEST_CASE("as many axes as there may be are walked") {
  std::vector<Axis> axes;
  std::vector<int> expected(65536);
  for (std::uint64_t i = 0; i < Permutation::kMostAxes; ++i) axes.push_back({2, std::uint64_t{1} << i});
  for (std::size_t i = 0; i < expected.size(); ++i) {
    int reversed = 0;
    for (int bit = 0; bit < 16; ++bit) reversed |= static_cast<int>(i >> bit & 1) << (15 - bit);
    expected[i] = reversed;
  }
  CHECK(walked<int>(axes) == expected);
}
