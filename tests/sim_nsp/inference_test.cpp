// A real network's machine code computes on QemuCores, with this file as the
// card. The expected numbers come from plain arithmetic here.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tests/sim_nsp/program.hpp"

using namespace qaic;
using namespace qaic::tests;
using sim::device::CoreEvent;

namespace {

constexpr unsigned kCount = 256;
using Tensor = std::array<std::uint32_t, kCount>;

sim::device::CoreProgram scale_add() {
  auto program = simple_program(load_image(QAIC_PROGRAMS "/scale-add.elf"), 2);
  program.l2tcm_init.resize(16);
  program.l2tcm_init[12] = std::byte{1};  // doorbell 3: the result's place is free
  return program;
}

Tensor infer(ScriptedCard& card, sim::nsp::QemuCores& cores, sim::device::CoreGroup& group, const Tensor& x,
             const Tensor& y, std::uint32_t factor) {
  REQUIRE(card.wait_semaphore(4, 1));
  card.semaphores[4] = 0;
  auto l2tcm = group.l2tcm(0);
  std::memcpy(l2tcm.data() + 4096, x.data(), sizeof(x));
  std::memcpy(l2tcm.data() + 8192, y.data(), sizeof(y));
  std::memcpy(l2tcm.data() + 12288, &factor, sizeof(factor));
  for (unsigned i = 0; i < 3; ++i) card.ring(0, i, 1);
  REQUIRE(card.wait_semaphore(9, 0));
  Tensor result;
  std::memcpy(result.data(), cores.ddr().data() + 0x100000, sizeof(result));
  card.semaphores[9] = 1;
  card.ring(0, 3, 1);
  return result;
}

}  // namespace

TEST_CASE("2000 inferences of scale-add are right, and their median latency is at most half a millisecond") {
  auto cores = make_cores();
  const auto begun = std::chrono::steady_clock::now();
  auto group = cores->start(scale_add());
  REQUIRE(group);
  ScriptedCard card(*cores, **group);
  card.semaphores[9] = 1;
  std::vector<double> latencies;
  double first = 0;
  for (std::uint32_t run = 0; run < 2000; ++run) {
    Tensor x;
    Tensor y;
    for (std::uint32_t i = 0; i < kCount; ++i) {
      x[i] = run * 2654435761U + i * 40503U;
      y[i] = (run ^ i) * 97U - 5U;
    }
    const std::uint32_t factor = run * 31U - 1000U;
    const auto start = std::chrono::steady_clock::now();
    const Tensor result = infer(card, *cores, **group, x, y, factor);
    const auto stop = std::chrono::steady_clock::now();
    if (run == 0) first = std::chrono::duration<double, std::milli>(stop - begun).count();
    latencies.push_back(std::chrono::duration<double, std::milli>(stop - start).count());
    for (std::uint32_t i = 0; i < kCount; ++i) REQUIRE(result[i] == x[i] * factor + y[i]);
  }
  std::nth_element(latencies.begin(), latencies.begin() + 1000, latencies.end());
  MESSAGE("median latency " << latencies[1000] << " ms; start to first result " << first << " ms");
  CHECK(latencies[1000] <= 0.5);
  CHECK(card.others.empty());
  card.ring(0, 0x460 / 4, 1);
  REQUIRE(card.run_until([&] { return !card.others.empty(); }));
  CHECK(card.others[0].kind == CoreEvent::Kind::exited);
}
