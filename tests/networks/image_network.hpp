// The networks that read 8 x 8 digits, their machine code on the simulated cores
// and the card's part played by the test.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tests/sim_nsp/program.hpp"

namespace qaic::tests {

using Pixels = std::array<int, 64>;
using Logits = std::array<std::int32_t, 10>;

struct Labelled {
  int label = -1;
  Pixels image{};
};
std::vector<Labelled> read_images(const std::string& path);

// What the network answers with these constants; nothing if it does not answer.
std::vector<Logits> classify(const Image& network, base::Bytes constants,
                             const std::vector<Labelled>& digits);

// Makes the first Vd.w = vadd(Vu.w, Vv.w), 0x1c4000.., a vsub, 0x1c4000e. (as
// LLVM 14's assembler has them).
void change_first_add(Image& network);

// build/networks/NAME/constants.bin
base::ByteVector constants_of(const std::string& network);

}  // namespace qaic::tests
