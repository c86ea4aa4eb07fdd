// The digits network in plain integers, from the text files and networks/
// digits/train.py's formula; shares nothing with the device program.
#pragma once

#include <string>

#include "tests/networks/image_network.hpp"

namespace qaic::tests {

struct Weights {
  int w1[64][64];
  int b1[64];
  int shift;
  int w2[64][10];
  int b2[10];
};

Weights read_weights(const std::string& path);
Logits reference(const Weights& weights, const Pixels& image);

}  // namespace qaic::tests
