// The port of a real activation: a loaded network with as many sets of buffers
// as may be in flight.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "tools/qaic-run/bench/port.hpp"
#include "tools/qaic-run/job.hpp"

namespace qaic::tools::run::bench {

class CardPort : public Port {
 public:
  using Beat = std::function<void()>;

  // Loads, makes `depth` sets of buffers and puts the inputs of `job`, which is
  // no batch, into each. `device` must outlive it. Many sets of buffers take
  // longer than one step of the card may: `beat` is called after each.
  static Expected<std::unique_ptr<CardPort>> load(Device& device, const Job& job, std::size_t depth,
                                                  std::chrono::milliseconds timeout, const Beat& beat);
  // Frees the buffers, with a beat after each set, and unloads: the driver hides
  // failed transfers, so only this tells whether the network lived. Nothing else
  // may be called after it.
  [[nodiscard]] Expected<Done> unload(const Beat& beat);

  // Whether a call to the driver takes longer than it may; for one watching thread.
  [[nodiscard]] bool stuck(std::chrono::steady_clock::time_point now);

  Expected<Done> submit(std::size_t slot) override;
  Expected<Done> wait(std::size_t slot) override;
  std::optional<CardTimes> card_times(std::size_t slot) override;
  std::int64_t now() override;
  void sleep_until(std::int64_t at) override;
  bool interrupted() override;

 private:
  // Counts how often one thread went into the driver and came back; odd = inside.
  struct Crossing {
    std::atomic<std::uint32_t> count = 0;
    std::uint32_t seen = 0;  // the watching thread's
    std::chrono::steady_clock::time_point since{};

    void cross() { count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
    bool inside_longer_than(std::chrono::milliseconds limit, std::chrono::steady_clock::time_point now);
  };

  [[nodiscard]] Expected<Done> add_slot(const Job& job);
  void free_slots(const Beat& beat);

  CardPort(Network network, std::chrono::milliseconds timeout)
      : network_(std::move(network)), timeout_ms_(static_cast<std::uint32_t>(timeout.count())) {}

  Network network_;
  std::vector<Inference> inferences_;  // go before the network
  std::uint32_t timeout_ms_;
  Crossing submitting_;
  Crossing waiting_;
};

}  // namespace qaic::tools::run::bench
