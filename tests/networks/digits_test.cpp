// The digits network's machine code reads held-out digits on the simulated
// cores; its numbers must be those of a plain integer computation.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/networks/digits_reference.hpp"

using namespace qaic;
using namespace qaic::tests;

namespace {

std::vector<Labelled> held_out() {
  return read_images(QAIC_DIGITS "/held-out.txt");
}
Image network() {
  return load_image(QAIC_NETWORKS "/digits.elf");
}

}  // namespace

TEST_CASE("held-out digits: bit for bit the reference, and at least 95 percent right") {
  const auto digits = held_out();
  REQUIRE(digits.size() == 360);
  const auto weights = read_weights(QAIC_DIGITS "/weights.txt");
  const auto answers = classify(network(), constants_of("digits"), digits);
  REQUIRE(answers.size() == digits.size());
  unsigned right = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    CHECK((answers[i] == reference(weights, digits[i].image)));
    const auto best = std::max_element(answers[i].begin(), answers[i].end()) - answers[i].begin();
    right += best == digits[i].label;
  }
  MESSAGE("right: " << right << " of 360");
  CHECK(right >= 342);
}

TEST_CASE("one changed weight changes the answers") {
  const auto digits = held_out();
  const auto before = classify(network(), constants_of("digits"), digits);
  auto changed = constants_of("digits");
  // w1[20][0]: behind shift, b1 and b2; pixel 20 is in the middle of the image.
  changed[512 + 20 * 64] ^= std::byte{0x40};
  const auto after = classify(network(), changed, digits);
  REQUIRE(after.size() == before.size());
  CHECK((after != before));
}

TEST_CASE("one changed instruction word changes the answers") {
  const auto digits = held_out();
  const auto before = classify(network(), constants_of("digits"), digits);
  auto changed = network();
  change_first_add(changed);
  CHECK((classify(changed, constants_of("digits"), digits) != before));
}
