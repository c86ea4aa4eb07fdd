#include "tests/networks/image_network.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "os/file.hpp"

namespace qaic::tests {

namespace {

constexpr std::uint64_t kConstants = 0x200000;

}  // namespace

std::vector<Labelled> read_images(const std::string& path) {
  std::ifstream in(path);
  std::vector<Labelled> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Labelled one;
    fields >> one.label;
    for (int& pixel : one.image) REQUIRE((fields >> pixel));
    out.push_back(one);
  }
  return out;
}

std::vector<Logits> classify(const Image& network, base::Bytes constants,
                             const std::vector<Labelled>& digits) {
  auto cores = make_cores();
  auto program = simple_program(network, 1);
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

void change_first_add(Image& network) {
  for (auto& segment : network.segments) {
    if (!segment.executable) continue;
    for (std::size_t at = 0; at + 4 <= segment.file_bytes.size(); at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, segment.file_bytes.data() + at, 4);
      if ((word & 0xffe020e0U) != 0x1c400000U) continue;
      word |= 0xe0U;
      std::memcpy(segment.file_bytes.data() + at, &word, 4);
      return;
    }
  }
  FAIL("there is no vector addition");
}

base::ByteVector constants_of(const std::string& network) {
  auto bytes = os::read_file(QAIC_NETWORKS "/" + network + "/constants.bin", 1 << 20);
  REQUIRE(bytes);
  return std::move(*bytes);
}

}  // namespace qaic::tests
