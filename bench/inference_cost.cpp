// inference_cost PROGRAM hand|inference|queue COUNT [ROUNDS]
// Runs COUNT inferences on the first card, one at a time, and prints a JSON
// object with what they allocated and copied. With ROUNDS, that often in turn
// with the hand-written loop, and prints the ratios of their times.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "bench/counted_calls.hpp"
#include "bench/hand_loop.hpp"

namespace {

using qaic::bench::HandLoop;

// One network of the public interface, driven either way.
struct Library {
  qaic::Device device;
  qaic::Network network;
  std::optional<qaic_inference*> inference;
  std::optional<qaic_queue*> queue;
  std::uint32_t slot = 0;

  [[nodiscard]] bool run(unsigned count) {
    qaic_completion completion{};
    completion.size = sizeof(completion);
    for (unsigned i = 0; i < count; ++i) {
      if (queue) {
        if (qaic_queue_submit(*queue, slot, i, nullptr) != 0) return false;
        if (qaic_queue_wait(*queue, slot, 5000, &completion, nullptr) != 0 || completion.kind != 0)
          return false;
      } else {
        if (qaic_inference_submit(*inference, nullptr) != 0) return false;
        if (qaic_inference_wait(*inference, 5000, nullptr) != 0) return false;
      }
    }
    return true;
  }
};

int fail(const char* what) {
  std::fprintf(stderr, "inference_cost: %s\n", what);
  return 1;
}

double seconds(const std::function<bool(unsigned)>& run, unsigned count) {
  const auto start = std::chrono::steady_clock::now();
  if (!run(count)) std::exit(fail("an inference failed"));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print_ratios(std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double share) {
    return ratios[static_cast<std::size_t>(share * static_cast<double>(ratios.size() - 1))];
  };
  std::printf("{\"median\": %.4f, \"p10\": %.4f, \"p90\": %.4f}\n", at(0.5), at(0.1), at(0.9));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return fail("PROGRAM WAY COUNT [ROUNDS]");
  const std::string path = argv[1];
  const std::string way = argv[2];
  const auto count = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  const unsigned long rounds = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0;
  const std::string node = "/dev/accel/accel0";

  std::optional<HandLoop> hand;
  if (way == "hand" || rounds > 0) {
    auto loaded = HandLoop::load(node, path);
    if (!loaded) return fail(loaded.error().what.c_str());
    hand = std::move(*loaded);
  }
  std::optional<Library> library;
  if (way != "hand") {
    auto program = qaic::Program::open(path);
    if (!program) return fail(program.error().what());
    auto device = qaic::Device::open(node);
    if (!device) return fail(device.error().what());
    auto network = qaic::Network::load(*device, *program);
    if (!network) return fail(network.error().what());
    library = Library{std::move(*device), std::move(*network), {}, {}};
    qaic_error error{};
    if (way == "queue") {
      qaic_queue_options options{};
      options.size = sizeof(options);
      options.depth = 1;
      library->queue = nullptr;
      if (qaic_queue_create(library->network.get(), &options, &*library->queue, &error) != 0 ||
          qaic_queue_acquire(*library->queue, 0, &library->slot, &error) != 0) {
        return fail(error.what);
      }
    } else {
      library->inference = nullptr;
      if (qaic_inference_create(library->network.get(), &*library->inference, &error) != 0)
        return fail(error.what);
    }
  }
  const std::function<bool(unsigned)> by_hand = [&](unsigned n) { return hand->run(n); };
  const std::function<bool(unsigned)> by_library = [&](unsigned n) { return library->run(n); };
  const auto& chosen = library ? by_library : by_hand;

  (void)seconds(chosen, 2);  // what is done once is done
  if (rounds == 0) {
    const auto before = qaic::bench::calls_so_far();
    const double took = seconds(chosen, count);
    const auto after = qaic::bench::calls_so_far();
    std::printf("{\"count\": %u, \"seconds\": %.6f, \"allocations\": %llu, \"copied_bytes\": %llu}\n", count,
                took, static_cast<unsigned long long>(after.allocations - before.allocations),
                static_cast<unsigned long long>(after.copied_bytes - before.copied_bytes));
  } else {
    std::vector<double> ratios;
    for (unsigned long round = 0; round < rounds; ++round) {
      // Each first as often as the other: whatever drifts cancels out.
      const double first = seconds(round % 2 == 0 ? by_hand : by_library, count);
      const double second = seconds(round % 2 == 0 ? by_library : by_hand, count);
      ratios.push_back(round % 2 == 0 ? second / first : first / second);
    }
    print_ratios(std::move(ratios));
  }
  if (library && library->inference) qaic_inference_free(*library->inference);
  if (library && library->queue) qaic_queue_free(*library->queue);
  return 0;
}
