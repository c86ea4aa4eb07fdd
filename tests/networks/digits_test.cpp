// The digits network's machine code reads held-out digits on the simulated
// cores; its numbers must be those of a plain integer computation.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "os/file.hpp"
#include "tests/networks/digits_reference.hpp"
#include "tests/sim_nsp/program.hpp"

using namespace qaic;
using namespace qaic::tests;

namespace {

constexpr std::uint64_t kConstants = 0x200000;

// What the network answers, with `constants` and, for experiments, a changed
// image. Nothing if it does not answer.
std::vector<Logits> classify(const std::vector<Labelled>& digits, base::Bytes constants,
                             const std::vector<sim::device::CoreSegment>* segments = nullptr) {
  auto cores = make_cores();
  const auto elf = load_image(QAIC_NETWORKS "/digits.elf");
  auto program = simple_program(elf, 1);
  if (segments != nullptr) program.segments = *segments;
  program.l2tcm_size = 65536;
  program.vtcm_size = 131072;
  program.l2tcm_init.resize(8);
  program.l2tcm_init[4] = std::byte{1};
  program.constants_offset = kConstants;
  program.constants_size = constants.size();
  std::copy(constants.begin(), constants.end(), cores->ddr().begin() + kConstants);
  auto group = cores->start(program);
  REQUIRE(group);
  ScriptedCard card(*cores, **group);
  card.semaphores[9] = 1;
  const auto dead = [&] { return card.find(sim::device::CoreEvent::Kind::crashed) != nullptr; };
  if (!card.run_until([&] { return card.semaphores[4] == 1 || dead(); }, std::chrono::seconds(5)) || dead())
    return {};
  auto input = (*group)->l2tcm(0).subspan(4096);
  std::size_t at = 0;
  for (const auto& digit : digits) {
    for (const int pixel : digit.image) input[at++] = static_cast<std::byte>(pixel);
  }
  card.ring(0, 0, 1);
  if (!card.run_until([&] { return card.semaphores[9] == 0 || dead(); }, std::chrono::seconds(5)) || dead())
    return {};
  std::vector<Logits> out(digits.size());
  std::memcpy(out.data(), cores->ddr().data() + 0x100000, out.size() * sizeof(Logits));
  return out;
}

std::vector<Labelled> held_out() {
  return read_images(QAIC_DIGITS "/held-out.txt");
}
base::ByteVector constants() {
  auto bytes = os::read_file(QAIC_NETWORKS "/digits/constants.bin", 1 << 20);
  REQUIRE(bytes);
  return std::move(*bytes);
}

}  // namespace

TEST_CASE("held-out digits: bit for bit the reference, and at least 95 percent right") {
  const auto digits = held_out();
  REQUIRE(digits.size() == 360);
  const auto weights = read_weights(QAIC_DIGITS "/weights.txt");
  const auto answers = classify(digits, constants());
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
  const auto before = classify(digits, constants());
  auto changed = constants();
  // w1[20][0]: behind shift, b1 and b2; pixel 20 is in the middle of the image.
  changed[512 + 20 * 64] ^= std::byte{0x40};
  const auto after = classify(digits, changed);
  REQUIRE(after.size() == before.size());
  CHECK((after != before));
}

TEST_CASE("one changed instruction word changes the answers") {
  const auto digits = held_out();
  const auto before = classify(digits, constants());
  auto image = load_image(QAIC_NETWORKS "/digits.elf");
  // The first Vd.w = vadd(Vu.w, Vv.w), 0x1c4000.., becomes vsub, 0x1c4000e.: as
  // LLVM 14's assembler has them.
  unsigned changed = 0;
  for (auto& segment : image.segments) {
    if (!segment.executable || changed != 0) continue;
    for (std::size_t at = 0; at + 4 <= segment.file_bytes.size() && changed == 0; at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, segment.file_bytes.data() + at, 4);
      if ((word & 0xffe020e0U) != 0x1c400000U) continue;
      word |= 0xe0U;
      std::memcpy(segment.file_bytes.data() + at, &word, 4);
      ++changed;
    }
  }
  REQUIRE(changed == 1);
  CHECK((classify(digits, constants(), &image.segments) != before));
}
