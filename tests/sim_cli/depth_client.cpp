// Keeps inferences of a network in flight on every card and says how many end
// per second:
//   depth_client PROGRAM CARDS DEPTH COUNT
// prints "COUNT inferences in N us"; the cards are the
// first nodes, and share DEPTH x CARDS inferences evenly.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

namespace {

int fail(const qaic::Error& error) {
  std::fprintf(stderr, "depth_client: %s\n", error.what());
  return static_cast<int>(error.kind());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto program = qaic::Program::open(argv[1]);
  if (!program) return fail(program.error());
  const auto cards = std::strtoul(argv[2], nullptr, 10);
  const auto depth = std::strtoul(argv[3], nullptr, 10);
  const auto count = std::strtoul(argv[4], nullptr, 10);

  std::vector<qaic::Device> devices;
  std::vector<qaic::Network> networks;
  std::deque<qaic::Inference> inferences;
  for (unsigned long card = 0; card < cards; ++card) {
    auto device = qaic::Device::open("/dev/accel/accel" + std::to_string(card));
    if (!device) return fail(device.error());
    devices.push_back(std::move(*device));
    auto network = qaic::Network::load(devices.back(), *program);
    if (!network) return fail(network.error());
    networks.push_back(std::move(*network));
  }
  for (unsigned long i = 0; i < depth; ++i) {
    for (auto& network : networks) {
      auto inference = qaic::Inference::create(network);
      if (!inference) return fail(inference.error());
      inferences.push_back(std::move(*inference));
    }
  }

  const auto start = std::chrono::steady_clock::now();
  for (auto& inference : inferences) {
    if (const auto done = inference.submit(); !done) return fail(done.error());
  }
  // The oldest first: on each card they end in order.
  for (unsigned long done = 0; done < count; ++done) {
    auto& inference = inferences[done % inferences.size()];
    if (const auto ended = inference.wait(); !ended) return fail(ended.error());
    if (done + inferences.size() >= count) continue;
    if (const auto submitted = inference.submit(); !submitted) return fail(submitted.error());
  }
  const auto time = std::chrono::steady_clock::now() - start;
  std::printf("%lu inferences in %lld us\n", count,
              static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()));
  return 0;
}
