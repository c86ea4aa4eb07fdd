#include "sim/mhi/transport.hpp"

#include <algorithm>
#include <utility>

namespace qaic::sim::mhi {

using wire::mhi::ChannelState;
using wire::mhi::Command;
using wire::mhi::Completion;
using wire::mhi::Element;

namespace {

// Ours. The driver's longest message is 0x80000 bytes of a firmware image.
constexpr std::size_t kLongestMessage = 1U << 20;
// Messages that may wait for the host's buffers, per pair.
constexpr std::size_t kBacklog = 256;

std::uint32_t length_of(const Element& element) {
  return element.word0.get() & wire::mhi::kTransferLengthMask;
}
bool has(const Element& element, std::uint32_t flag) {
  return (element.word1.get() & flag) != 0;
}

}  // namespace

Transport::Transport(device::HostMemory& memory) : memory_(memory), events_(memory) {}

bool Transport::open(std::uint64_t channel_contexts, std::uint64_t event_contexts,
                     std::uint64_t command_contexts) {
  close();
  channel_contexts_ = channel_contexts;
  command_context_ = command_contexts;
  const auto command = read_host<wire::mhi::CommandContext>(memory_, command_contexts);
  if (!command || !events_.open(event_contexts)) return false;
  // What was written there before the host rings is not meant yet.
  commands_ = HostRing::make(command->base, command->length, command->read, command->read);
  if (!commands_) close();
  return commands_.has_value();
}

void Transport::close() {
  events_.close();
  commands_.reset();
  state_notice_.reset();
  env_notice_.reset();
  forget_channels();
}

void Transport::forget_channels() {
  for (Channel& channel : channels_) channel = {};
  for (auto& queue : outgoing_) queue.clear();
}

void Transport::ring_commands(std::uint64_t write) {
  if (commands_) commands_->set_write(write);
}

void Transport::ring_channel(unsigned channel, std::uint64_t write) {
  if (channel < channels_.size() && channels_[channel].running) channels_[channel].ring.set_write(write);
}

bool Transport::send(Pair pair, base::ByteVector message) {
  auto& queue = outgoing_[pair / 2];
  if (queue.size() >= kBacklog) return false;
  queue.push_back(std::move(message));
  return true;
}

bool Transport::deliver_notices() {
  bool worked = false;
  if (state_notice_ && events_.has_room()) {
    events_.post(wire::mhi::state_event(*std::exchange(state_notice_, std::nullopt)));
    worked = true;
  }
  if (!state_notice_ && env_notice_ && events_.has_room()) {
    events_.post(wire::mhi::exec_env_event(*std::exchange(env_notice_, std::nullopt)));
    worked = true;
  }
  return worked;
}

// ---- commands ----

bool Transport::run_commands() {
  bool worked = false;
  while (commands_ && !commands_->empty() && events_.has_room()) {
    const std::uint64_t at = commands_->read();
    const auto element = read_host<Element>(memory_, at);
    if (!element) {
      commands_.reset();  // the host took its memory away
      break;
    }
    const Completion code = execute(*element);
    commands_->advance();
    const base::le64 read(commands_->read());
    (void)memory_.write(base::BusAddr(command_context_ + wire::mhi::kContextReadOffset),
                        base::bytes_of(read));
    events_.post(wire::mhi::command_event(at, code));
    worked = true;
  }
  return worked;
}

// Codes other than success: the driver knows only success; which one the card
// gives is inferred.
Completion Transport::execute(const Element& element) {
  const unsigned channel = wire::mhi::element_channel(element);
  const auto command = static_cast<Command>(wire::mhi::element_type(element));
  if (command == Command::nop) return Completion::success;
  if (channel >= channels_.size()) return Completion::undefined_error;
  switch (command) {
    case Command::nop:
      break;
    case Command::start_channel:
      return start(channel);
    case Command::stop_channel:
      return stop(channel);
    case Command::reset_channel:
      disable(channel);
      return Completion::success;
  }
  return Completion::bad_element;
}

Completion Transport::start(unsigned channel) {
  const auto context = read_host<wire::mhi::ChannelContext>(memory_, context_of(channel));
  if (!context) return Completion::undefined_error;
  const auto type = static_cast<wire::mhi::ChannelType>(context->type.get());
  const auto wanted = channel % 2 == 0 ? wire::mhi::ChannelType::to_card : wire::mhi::ChannelType::from_card;
  if (type != wanted || context->event_ring != 0) return Completion::undefined_error;
  const auto ring = HostRing::make(context->base, context->length, context->read, context->write);
  if (!ring) return Completion::undefined_error;
  channels_[channel] = Channel{true, *ring, {}, std::nullopt, 0};
  show_state(channel, ChannelState::running);
  return Completion::success;
}

Completion Transport::stop(unsigned channel) {
  if (!channels_[channel].running) return Completion::undefined_error;
  channels_[channel] = {};
  show_state(channel, ChannelState::stop);
  return Completion::success;
}

void Transport::disable(unsigned channel) {
  channels_[channel] = {};
  if (channel % 2 == 1) outgoing_[channel / 2].clear();
  show_state(channel, ChannelState::disabled);
}

// A ring that cannot be read any more: the channel is of no use until it is
// started anew.
void Transport::fail(unsigned channel) {
  channels_[channel] = {};
  show_state(channel, ChannelState::error);
}

std::uint64_t Transport::context_of(unsigned channel) const {
  return channel_contexts_ + std::uint64_t{channel} * sizeof(wire::mhi::ChannelContext);
}

void Transport::show_state(unsigned channel, ChannelState state) {
  const std::uint64_t at = context_of(channel);
  const auto config = read_host<base::le32>(memory_, at);
  if (!config) return;
  const base::le32 changed((config->get() & ~wire::mhi::kChannelStateMask) |
                           static_cast<std::uint32_t>(state));
  (void)memory_.write(base::BusAddr(at), base::bytes_of(changed));
}

void Transport::show_read(unsigned channel) {
  const base::le64 read(channels_[channel].ring.read());
  (void)memory_.write(base::BusAddr(context_of(channel) + wire::mhi::kContextReadOffset),
                      base::bytes_of(read));
}

// ---- transfers ----

// One event for the element at `at`, if the host wants one there.
void Transport::complete(unsigned channel, const Element& element, std::uint64_t at, Completion code,
                         std::uint64_t length) {
  const bool wanted =
      code == Completion::end_of_block
          ? has(element, wire::mhi::kTransferEventAtBlock)
          : code != Completion::end_of_transfer ||
                has(element, wire::mhi::kTransferEventAtEnd | wire::mhi::kTransferEventAtBlock);
  if (!wanted) return;
  events_.post(wire::mhi::transfer_event(static_cast<std::uint8_t>(channel), at, code,
                                         static_cast<std::uint16_t>(length)),
               !has(element, wire::mhi::kTransferNoInterrupt));
}

void Transport::gather(Channel& channel, const Element& element) {
  if (wire::mhi::element_type(element) != wire::mhi::kTransferType) {
    channel.failure = Completion::bad_element;
    return;
  }
  const std::size_t length = length_of(element);
  const std::size_t so_far = channel.partial.size();
  if (channel.failure) return;
  if (length > kLongestMessage - so_far) {
    channel.failure = Completion::overflow;
    return;
  }
  if (length == 0) return;
  channel.partial.resize(so_far + length);
  if (!memory_.read(base::BusAddr(element.pointer), base::MutableBytes(channel.partial).subspan(so_far))) {
    channel.failure = Completion::undefined_error;
  }
}

std::optional<base::ByteVector> Transport::take(Pair pair) {
  Channel& channel = channels_[pair];
  bool moved = false;
  std::optional<base::ByteVector> message;
  while (!message && channel.running && !channel.ring.empty() && events_.has_room()) {
    const std::uint64_t at = channel.ring.read();
    const auto element = read_host<Element>(memory_, at);
    if (!element) {
      fail(pair);
      return std::nullopt;
    }
    gather(channel, *element);
    channel.ring.advance();
    moved = true;
    const bool chained = has(*element, wire::mhi::kTransferChain);
    if (chained && !channel.failure) {
      complete(pair, *element, at, Completion::end_of_block, length_of(*element));
      continue;
    }
    // A chain that failed ends at its end: the host completes it as one.
    if (chained && channel.failure != Completion::bad_element) continue;
    complete(pair, *element, at, channel.failure.value_or(Completion::end_of_transfer), length_of(*element));
    if (!channel.failure) message = std::move(channel.partial);
    channel.partial = {};
    channel.failure.reset();
  }
  if (moved) show_read(pair);
  return message;
}

bool Transport::deliver(Pair pair) {
  const unsigned number = pair + 1;
  Channel& channel = channels_[number];
  auto& queue = outgoing_[pair / 2];
  bool moved = false;
  while (channel.running && !queue.empty() && !channel.ring.empty() && events_.has_room()) {
    const std::uint64_t at = channel.ring.read();
    const auto element = read_host<Element>(memory_, at);
    if (!element) {
      fail(number);
      return moved;
    }
    channel.ring.advance();
    moved = true;
    const base::Bytes rest = base::Bytes(queue.front()).subspan(channel.sent);
    const std::size_t length = std::min<std::size_t>(length_of(*element), rest.size());
    Completion code = Completion::end_of_transfer;
    if (wire::mhi::element_type(*element) != wire::mhi::kTransferType) {
      code = Completion::bad_element;
    } else if (length != 0 && !memory_.write(base::BusAddr(element->pointer), rest.first(length))) {
      code = Completion::undefined_error;
    } else if (length < rest.size()) {
      code = has(*element, wire::mhi::kTransferChain) ? Completion::end_of_block : Completion::overflow;
    }
    complete(number, *element, at, code, length);
    if (code == Completion::end_of_block) {
      channel.sent += length;
    } else {
      queue.pop_front();
      channel.sent = 0;
    }
  }
  if (moved) show_read(number);
  return moved;
}

}  // namespace qaic::sim::mhi
