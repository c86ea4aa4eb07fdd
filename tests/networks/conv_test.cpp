// The conv network's machine code reads held-out digits; its numbers must be
// those of a plain computation from weights.txt by the formulas of train.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "tests/networks/image_network.hpp"

using namespace qaic;
using namespace qaic::tests;

namespace {

using Matrix = std::vector<std::vector<int>>;

std::map<std::string, Matrix> read_weights() {
  std::ifstream in(QAIC_CONV "/weights.txt");
  std::string name;
  REQUIRE(std::getline(in, name));  // the comment
  std::map<std::string, Matrix> out;
  std::size_t rows = 0;
  std::size_t columns = 0;
  while (in >> name >> rows >> columns) {
    Matrix& matrix = out[name];
    matrix.assign(rows, std::vector<int>(columns));
    for (auto& row : matrix) {
      for (int& value : row) REQUIRE((in >> value));
    }
  }
  return out;
}

// Values of `channels` channels at each place of a square, 0 outside it.
struct Plane {
  Plane(int side_, int channels_)
      : side(side_), channels(channels_), values(static_cast<std::size_t>(side_ * side_ * channels_)) {}
  [[nodiscard]] int at(int y, int x, int c) const {
    const bool inside = y >= 0 && y < side && x >= 0 && x < side;
    return inside ? values[static_cast<std::size_t>((y * side + x) * channels + c)] : 0;
  }
  int side;
  int channels;
  std::vector<int> values;  // [y][x][c]
};

Plane filtered(const Plane& in, const Matrix& weights, const Matrix& bias, int shift) {
  Plane out(in.side, static_cast<int>(bias[0].size()));
  auto value = out.values.begin();
  for (int y = 0; y < in.side; ++y) {
    for (int x = 0; x < in.side; ++x) {
      for (std::size_t d = 0; d < bias[0].size(); ++d) {
        int sum = bias[0][d];
        std::size_t row = 0;
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            for (int c = 0; c < in.channels; ++c) sum += weights[row++][d] * in.at(y + dy, x + dx, c);
          }
        }
        *value++ = std::clamp(sum >> shift, 0, 127);
      }
    }
  }
  return out;
}

Plane pooled(const Plane& in) {
  Plane out(in.side / 2, in.channels);
  auto value = out.values.begin();
  for (int y = 0; y < in.side; y += 2) {
    for (int x = 0; x < in.side; x += 2) {
      for (int c = 0; c < in.channels; ++c) {
        *value++ = std::max({in.at(y, x, c), in.at(y, x + 1, c), in.at(y + 1, x, c), in.at(y + 1, x + 1, c)});
      }
    }
  }
  return out;
}

Logits reference(const std::map<std::string, Matrix>& weights, const Pixels& image) {
  const auto& w = weights;
  Plane pixels(8, 1);
  std::copy(image.begin(), image.end(), pixels.values.begin());
  const Plane first = filtered(pixels, w.at("w1"), w.at("b1"), w.at("s1")[0][0]);
  const Plane second = filtered(pooled(first), w.at("w2"), w.at("b2"), w.at("s2")[0][0]);
  REQUIRE(second.values.size() == 512);
  Logits out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = w.at("b3")[0][i];
    for (std::size_t k = 0; k < second.values.size(); ++k) out[i] += w.at("w3")[k][i] * second.values[k];
  }
  return out;
}

std::vector<Labelled> held_out() {
  return read_images(QAIC_DIGITS "/held-out.txt");
}
Image network() {
  return load_image(QAIC_NETWORKS "/conv.elf");
}

}  // namespace

TEST_CASE("conv on held-out digits: bit for bit the reference, and at least 97 percent right") {
  const auto digits = held_out();
  REQUIRE(digits.size() == 360);
  const auto weights = read_weights();
  const auto answers = classify(network(), constants_of("conv"), digits);
  REQUIRE(answers.size() == digits.size());
  unsigned right = 0;
  unsigned equal = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    equal += answers[i] == reference(weights, digits[i].image);
    right += std::max_element(answers[i].begin(), answers[i].end()) - answers[i].begin() == digits[i].label;
  }
  CHECK(equal == 360);
  MESSAGE("right: " << right << " of 360");
  CHECK(right >= 350);
}

TEST_CASE("one changed weight of any layer of conv changes the answers") {
  auto digits = held_out();
  digits.resize(60);
  const auto before = classify(network(), constants_of("conv"), digits);
  REQUIRE(before.size() == digits.size());
  // Behind the shifts and biases, five times 128 bytes: rows of 32 bytes.
  for (const std::size_t row : {4U, 9U + 4 * 8, 9U + 72 + 5 * 32}) {
    CAPTURE(row);
    auto changed = constants_of("conv");
    changed.at(5 * 128 + row * 32) ^= std::byte{0x40};
    const auto after = classify(network(), changed, digits);
    REQUIRE(after.size() == before.size());
    CHECK((after != before));
  }
}

TEST_CASE("one changed instruction word of conv changes the answers") {
  auto digits = held_out();
  digits.resize(60);
  const auto before = classify(network(), constants_of("conv"), digits);
  auto changed = network();
  change_first_add(changed);
  CHECK((classify(changed, constants_of("conv"), digits) != before));
}
