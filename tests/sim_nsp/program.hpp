// Device programs for the tests of sim/nsp, and the card's part in running
// them: semaphores and doorbells by hand.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/nsp/cores.hpp"

namespace qaic::tests {

// The PT_LOADs and entry point of a 32-bit ELF file.
struct Image {
  std::vector<sim::device::CoreSegment> segments;
  std::uint32_t entry = 0;
};
Image load_image(const std::string& path);

// One NSP, `threads` threads at the image's entry point, 1 MiB L2TCM, 8 MiB
// VTCM, 2 semaphores with physical numbers 4 and 9, 64 KiB of shared DDR.
sim::device::CoreProgram simple_program(const Image& image, unsigned threads);

std::unique_ptr<sim::nsp::QemuCores> make_cores(std::uint64_t ddr_bytes = 64U << 20);

// Applies what the program says and gives it what it waits for.
class ScriptedCard {
 public:
  ScriptedCard(sim::nsp::QemuCores& cores, sim::device::CoreGroup& group) : cores_(cores), group_(group) {}

  // Takes events until `done`; false when nothing came for `patience`.
  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds patience = std::chrono::seconds(60));
  bool wait_semaphore(unsigned physical, std::int64_t value) {
    return run_until([=, this] { return semaphores.at(physical) == value; });
  }
  // Writes a doorbell word of an NSP and wakes it.
  void ring(unsigned nsp, unsigned word, std::uint32_t value);

  std::array<std::int64_t, 64> semaphores{};
  std::uint64_t commands = 0;
  std::vector<sim::device::CoreEvent> others;  // all but semaphore commands
  const sim::device::CoreEvent* find(sim::device::CoreEvent::Kind kind) const;

 private:
  sim::nsp::QemuCores& cores_;
  sim::device::CoreGroup& group_;
};

}  // namespace qaic::tests
