#include "tests/networks/digits_reference.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

namespace qaic::tests {
namespace {

template <std::size_t Rows, std::size_t Columns>
void read_block(std::istream& in, const std::string& expected, int (&out)[Rows][Columns]) {
  std::string name;
  std::size_t rows = 0;
  std::size_t columns = 0;
  in >> name >> rows >> columns;
  REQUIRE(name == expected);
  REQUIRE(rows == Rows);
  REQUIRE(columns == Columns);
  for (auto& row : out) {
    for (int& value : row) REQUIRE((in >> value));
  }
}

}  // namespace

Weights read_weights(const std::string& path) {
  std::ifstream in(path);
  std::string comment;
  REQUIRE(std::getline(in, comment));
  Weights weights;
  int b1[1][64];
  int shift[1][1];
  int b2[1][10];
  read_block(in, "w1", weights.w1);
  read_block(in, "b1", b1);
  read_block(in, "shift", shift);
  read_block(in, "w2", weights.w2);
  read_block(in, "b2", b2);
  std::copy(std::begin(b1[0]), std::end(b1[0]), weights.b1);
  std::copy(std::begin(b2[0]), std::end(b2[0]), weights.b2);
  weights.shift = shift[0][0];
  return weights;
}

Logits reference(const Weights& weights, const Pixels& image) {
  int hidden[64];
  for (unsigned j = 0; j < 64; ++j) {
    int sum = weights.b1[j];
    for (unsigned k = 0; k < 64; ++k) sum += weights.w1[k][j] * image[k];
    hidden[j] = std::clamp(sum >> weights.shift, 0, 127);
  }
  Logits out;
  for (unsigned i = 0; i < 10; ++i) {
    out[i] = weights.b2[i];
    for (unsigned j = 0; j < 64; ++j) out[i] += weights.w2[j][i] * hidden[j];
  }
  return out;
}

}  // namespace qaic::tests
