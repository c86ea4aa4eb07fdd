// Runs a network once: loads PROGRAM on the first card that this process may
// see, feeds each input from a file of raw bytes (or zeros), and writes the
// first bytes of every output.
//
//   c++ -std=c++20 run_network.cpp $(pkg-config --cflags --libs qaic) -o run_network
//   run_network PROGRAM [INPUT...]
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

namespace {

int fail(const qaic::Error& error) {
  std::fprintf(stderr, "run_network: %s\n", error.what());
  if (error.hint()[0] != '\0') std::fprintf(stderr, "hint: %s\n", error.hint());
  return static_cast<int>(error.kind());
}

int usage(const std::string& what) {
  std::fprintf(stderr, "run_network: %s\n", what.c_str());
  return QAIC_ERROR_USAGE;
}

// The node of the first visible card that has one; empty if there is none.
std::string first_node(const qaic::Inventory& inventory) {
  for (const auto& card : inventory.cards()) {
    if (card.visible != 0 && card.node[0] != '\0') return card.node;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return usage("PROGRAM is missing");

  const auto program = qaic::Program::open(argv[1]);
  if (!program) return fail(program.error());

  const auto inventory = qaic::Inventory::read();
  if (!inventory) return fail(inventory.error());
  const std::string node = first_node(*inventory);
  if (node.empty()) {
    std::fprintf(stderr, "run_network: no card with a device node\n");
    return QAIC_ERROR_NO_CARD;
  }

  auto device = qaic::Device::open(node);
  if (!device) return fail(device.error());
  auto network = qaic::Network::load(*device, *program);
  if (!network) return fail(network.error());
  auto inference = qaic::Inference::create(*network);
  if (!inference) return fail(inference.error());

  int next = 2;  // argument of the next input
  for (const auto& tensor : program->tensors()) {
    if (tensor.direction != QAIC_TENSOR_INPUT) continue;
    const auto memory = inference->tensor(tensor.index);
    std::fill(memory.begin(), memory.end(), std::byte{0});
    if (next >= argc) continue;
    std::ifstream file(argv[next], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || bytes.size() != tensor.byte_size) {
      return usage(std::string(argv[next]) + " is not " + std::to_string(tensor.byte_size) +
                   " bytes for input " + tensor.name);
    }
    std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(memory.size()), memory.begin(),
                   [](char byte) { return static_cast<std::byte>(byte); });
    ++next;
  }

  if (const auto submitted = inference->submit(); !submitted) return fail(submitted.error());
  if (const auto done = inference->wait(); !done) return fail(done.error());

  for (const auto& tensor : program->tensors()) {
    if (tensor.direction != QAIC_TENSOR_OUTPUT) continue;
    std::printf("%s:", tensor.name);
    const auto memory = inference->tensor(tensor.index);
    for (const std::byte byte : memory.first(std::min<std::size_t>(memory.size(), 32))) {
      std::printf(" %02x", static_cast<unsigned>(byte));
    }
    std::printf("\n");
  }
  if (const auto stats = inference->stats()) {
    std::printf("%u us from submission to completion\n", stats->device_latency_us);
  }
  return 0;
}
