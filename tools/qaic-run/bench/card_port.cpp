#include "tools/qaic-run/bench/card_port.hpp"

#include <string_view>
#include <thread>

#include "os/interruption.hpp"
#include "tools/qaic-run/input_memory.hpp"

namespace qaic::tools::run::bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kMargin{1};

}  // namespace

Expected<std::unique_ptr<CardPort>> CardPort::load(Device& device, const Job& job, std::size_t depth,
                                                   std::chrono::milliseconds timeout, const Beat& beat) {
  auto network = Network::load(device, job.program);
  if (!network) return network.error();
  std::unique_ptr<CardPort> port(new CardPort(std::move(*network), timeout));
  for (std::size_t slot = 0; slot < depth; ++slot) {
    const auto added = port->add_slot(job);
    if (!added) {
      port->free_slots(beat);
      return added.error();
    }
    beat();
  }
  return port;
}

Expected<Done> CardPort::add_slot(const Job& job) {
  auto inference = Inference::create(network_);
  if (!inference) return inference.error();
  for (std::size_t i = 0; i < job.tensors.size(); ++i) {
    if (job.tensors[i].direction != QAIC_TENSOR_INPUT) continue;
    auto done = put_input(*inference, i, job.inputs[i], job.forms_of(0)[i]);
    if (!done) return done;
  }
  inferences_.push_back(std::move(*inference));
  return Done{};
}

void CardPort::free_slots(const Beat& beat) {
  for (; !inferences_.empty(); beat()) inferences_.pop_back();
}

Expected<Done> CardPort::unload(const Beat& beat) {
  free_slots(beat);
  return network_.unload();
}

bool CardPort::Crossing::inside_longer_than(std::chrono::milliseconds limit, Clock::time_point now) {
  const std::uint32_t latest = count.load(std::memory_order_relaxed);
  if (latest != seen || latest % 2 == 0) {
    seen = latest;
    since = now;
  }
  return now - since > limit;
}

bool CardPort::stuck(Clock::time_point now) {
  const std::chrono::milliseconds limit = std::chrono::milliseconds(timeout_ms_) + kMargin;
  const bool submitting = submitting_.inside_longer_than(limit, now);
  return waiting_.inside_longer_than(limit, now) || submitting;
}

Expected<Done> CardPort::submit(std::size_t slot) {
  submitting_.cross();
  auto submitted = inferences_[slot].submit();
  submitting_.cross();
  return submitted;
}

Expected<Done> CardPort::wait(std::size_t slot) {
  for (;;) {
    waiting_.cross();
    auto done = inferences_[slot].wait(timeout_ms_);
    waiting_.cross();
    if (done || std::string_view(done.error().id()) != "wait-interrupted") return done;
  }
}

std::optional<CardTimes> CardPort::card_times(std::size_t slot) {
  const auto stats = inferences_[slot].stats();
  if (!stats) return std::nullopt;
  return CardTimes{stats->queue_level_before, stats->submit_latency_us, stats->device_latency_us};
}

std::int64_t CardPort::now() {
  return Clock::now().time_since_epoch().count();
}

void CardPort::sleep_until(std::int64_t at) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(at - now()));
}

bool CardPort::interrupted() {
  return os::interrupted_by() != 0;
}

}  // namespace qaic::tools::run::bench
