// The digits network in plain integers, from the text files and networks/
// digits/train.py's formula; shares nothing with the device program.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace qaic::tests {

using Pixels = std::array<int, 64>;
using Logits = std::array<std::int32_t, 10>;

struct Weights {
  int w1[64][64];
  int b1[64];
  int shift;
  int w2[64][10];
  int b2[10];
};

Weights read_weights(const std::string& path);
struct Labelled {
  int label = -1;
  Pixels image{};
};
std::vector<Labelled> read_images(const std::string& path);
Logits reference(const Weights& weights, const Pixels& image);

}  // namespace qaic::tests
