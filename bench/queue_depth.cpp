// queue_depth PROGRAM DEPTH COUNT CARDS
// Keeps DEPTH inferences in flight on each of the first CARDS cards until COUNT
// are done on each, and prints a JSON object with inferences per second.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <qaic/qaic.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Card {
  qaic::Device device;
  qaic::Network network;
  qaic::Queue queue;
};

int fail(const char* what) {
  std::fprintf(stderr, "queue_depth: %s\n", what);
  return 1;
}

// COUNT inferences on one card; false when one fails.
bool run(qaic::Queue& queue, unsigned long count) {
  unsigned long given = 0;
  for (; given < count && given < queue.depth(); ++given) {
    const auto slot = queue.acquire(0);
    if (!slot || !queue.submit(*slot)) return false;
  }
  for (unsigned long done = 0; done < count; ++done) {
    const auto completion = queue.next();
    if (!completion || completion->error) return false;
    if (given < count) {
      if (!queue.submit(completion->slot)) return false;
      ++given;
    } else if (!queue.release(completion->slot)) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return fail("PROGRAM DEPTH COUNT CARDS");
  const auto depth = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const unsigned long count = std::strtoul(argv[3], nullptr, 10);
  const unsigned long cards = std::strtoul(argv[4], nullptr, 10);
  const auto program = qaic::Program::open(argv[1]);
  if (!program) return fail(program.error().what());
  const auto inventory = qaic::Inventory::read();
  if (!inventory) return fail(inventory.error().what());

  std::vector<Card> used;
  for (const auto& card : inventory->cards()) {
    if (used.size() == cards || card.node[0] == '\0' || card.visible == 0) continue;
    auto device = qaic::Device::open(card.node);
    if (!device) return fail(device.error().what());
    auto network = qaic::Network::load(*device, *program);
    if (!network) return fail(network.error().what());
    auto queue = qaic::Queue::create(*network, {depth, 60000});
    if (!queue) return fail(queue.error().what());
    if (!run(*queue, depth)) return fail("an inference failed");  // what is done once is done
    used.push_back({std::move(*device), std::move(*network), std::move(*queue)});
  }
  if (used.empty() || used.size() != cards) return fail("there are not that many cards");

  std::atomic<bool> failed = false;
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (Card& card : used) {
    threads.emplace_back([&] {
      if (!run(card.queue, count)) failed = true;
    });
  }
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (failed) return fail("an inference failed");
  std::printf(
      "{\"depth\": %u, \"count\": %lu, \"cards\": %lu, \"seconds\": %.6f, \"inferences_per_second\": %.1f}\n",
      depth, count, cards, seconds, static_cast<double>(count * cards) / seconds);
  return 0;
}
