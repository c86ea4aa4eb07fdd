// Command ring, transfer rings and event ring of one session with the host:
// from its request for M0 until a reset. Whole messages go in and come out;
// nothing is taken from the host that cannot be answered, so that the host's
// own rings bound what is held here. Source: kernel-interface §4.7-4.9.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "sim/device/ports.hpp"
#include "sim/mhi/event_ring.hpp"
#include "sim/mhi/host_ring.hpp"
#include "wire/mhi.hpp"

namespace qaic::sim::mhi {

class Transport {
 public:
  // A pair of channels by its even number.
  using Pair = unsigned;

  explicit Transport(device::HostMemory& memory);

  // The host's arrays of contexts. False if they describe no rings; then
  // nothing is open.
  bool open(std::uint64_t channel_contexts, std::uint64_t event_contexts, std::uint64_t command_contexts);
  void close();
  // Closes all channels without a word to the host; the rest stays open.
  void forget_channels();

  // ---- doorbells ----
  void ring_commands(std::uint64_t write);
  void ring_channel(unsigned channel, std::uint64_t write);
  void ring_events(std::uint64_t write) { events_.ring(write); }

  // ---- to the host ----
  // Said as soon as there is room, a state before an environment; of two of
  // the same kind that wait, the later one.
  void announce(wire::mhi::DeviceState state) { state_notice_ = state; }
  void announce(wire::mhi::ExecEnv env) { env_notice_ = env; }
  // Queues one message; false (and dropped) when the queue is full.
  bool send(Pair pair, base::ByteVector message);
  [[nodiscard]] std::size_t backlog(Pair pair) const { return outgoing_[pair / 2].size(); }
  [[nodiscard]] bool running(unsigned channel) const { return channels_[channel].running; }

  // ---- work; each says whether it did some ----
  bool deliver_notices();
  bool run_commands();
  bool deliver(Pair pair);
  // The next whole message from the host.
  [[nodiscard]] std::optional<base::ByteVector> take(Pair pair);

  // Makes the work visible; the interrupt vector to raise, if any.
  [[nodiscard]] std::optional<unsigned> publish() { return events_.publish(); }

 private:
  struct Channel {
    bool running = false;
    HostRing ring;
    base::ByteVector partial;                      // from the host: a chain so far
    std::optional<wire::mhi::Completion> failure;  // of that chain
    std::size_t sent = 0;                          // to the host: of the first message
  };

  wire::mhi::Completion execute(const wire::mhi::Element& element);
  wire::mhi::Completion start(unsigned channel);
  wire::mhi::Completion stop(unsigned channel);
  void disable(unsigned channel);
  void fail(unsigned channel);
  [[nodiscard]] std::uint64_t context_of(unsigned channel) const;
  void show_state(unsigned channel, wire::mhi::ChannelState state);
  void show_read(unsigned channel);
  void gather(Channel& channel, const wire::mhi::Element& element);
  void complete(unsigned channel, const wire::mhi::Element& element, std::uint64_t at,
                wire::mhi::Completion code, std::uint64_t length);

  device::HostMemory& memory_;
  EventRing events_;
  std::uint64_t channel_contexts_ = 0;
  std::uint64_t command_context_ = 0;
  std::optional<HostRing> commands_;
  std::array<Channel, wire::mhi::channel::kEnd> channels_;
  std::array<std::deque<base::ByteVector>, wire::mhi::channel::kEnd / 2> outgoing_;
  std::optional<wire::mhi::DeviceState> state_notice_;
  std::optional<wire::mhi::ExecEnv> env_notice_;
};

}  // namespace qaic::sim::mhi
