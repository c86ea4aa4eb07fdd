// The host's side of MHI as a script: a driver that follows the order of
// register accesses of a real one (real-driver-in-qemu §6, kernel-interface
// §4.6), one step per call, so that a test can leave it anywhere.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/mhi/controller.hpp"
#include "tests/support/card_ports.hpp"
#include "tests/wire/hex.hpp"
#include "wire/bhi.hpp"
#include "wire/mhi.hpp"

namespace qaic::tests {

namespace mhi = wire::mhi;
namespace channel = wire::mhi::channel;

class ScriptedHost {
 public:
  static constexpr std::uint64_t kChannelContexts = HostBlock::kBase;
  static constexpr std::uint64_t kEventContext = HostBlock::kBase + 0x2000;
  static constexpr std::uint64_t kCommandContext = HostBlock::kBase + 0x2100;
  static constexpr std::uint64_t kEvents = HostBlock::kBase + 0x3000;
  static constexpr std::uint64_t kCommands = HostBlock::kBase + 0x4000;
  static constexpr std::uint64_t kRings = HostBlock::kBase + 0x10000;
  static constexpr std::uint64_t kBuffers = HostBlock::kBase + 0x100000;
  static constexpr std::size_t kMemory = 8U << 20;
  static constexpr std::uint64_t kEventBytes = 32 * 16;
  static constexpr std::uint64_t kCommandBytes = 128 * 16;
  static constexpr std::uint64_t kRingBytes = 32 * 16;

  explicit ScriptedHost(sim::mhi::BootFrom from)
      : world(kMemory, 80U << 20),
        images(&world.storage),
        card(sim::device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0),
             {world.host, world.interrupts, world.clock, images, world.cores}),
        controller({world.host, world.interrupts, world.clock, card, images}, from) {}

  // ---- registers ----
  std::uint32_t read(mhi::Register reg) { return controller.read(static_cast<std::uint32_t>(reg)); }
  void write(mhi::Register reg, std::uint32_t value) {
    controller.write(static_cast<std::uint32_t>(reg), value);
  }
  std::uint32_t read(wire::bhi::Register reg) {
    return controller.read(read(mhi::Register::bhi_offset) + static_cast<std::uint32_t>(reg));
  }
  void write(wire::bhi::Register reg, std::uint32_t value) {
    controller.write(read(mhi::Register::bhi_offset) + static_cast<std::uint32_t>(reg), value);
  }
  void write64(std::uint32_t offset, std::uint64_t value) {
    controller.write(offset + 4, static_cast<std::uint32_t>(value >> 32));
    controller.write(offset, static_cast<std::uint32_t>(value));
  }
  void write64(mhi::Register reg, std::uint64_t value) { write64(static_cast<std::uint32_t>(reg), value); }
  std::uint32_t state() { return read(mhi::Register::status) >> 8 & 0xFF; }
  std::uint32_t env() { return read(wire::bhi::Register::exec_env); }
  void request(mhi::DeviceState state) {
    write(mhi::Register::control, static_cast<std::uint32_t>(state) << 8);
  }
  void pass(std::chrono::milliseconds time) {
    world.clock.now += time;
    controller.tick();
  }
  // Until the card tells of its reset.
  void await_system_error() {
    const auto back = controller.next_deadline();
    REQUIRE(back.has_value());
    world.clock.now = *back;
    controller.tick();
    CHECK(state() == 0xFF);
  }
  void mhi_reset() {
    write(mhi::Register::control, mhi::kControlReset);
    CHECK((read(mhi::Register::control) & mhi::kControlReset) == 0);
    write(wire::bhi::Register::interrupt_vector, 0);
  }

  // ---- memory ----
  template <class T>
  void store(std::uint64_t address, const T& value) {
    REQUIRE(base::write_struct(world.host.at(address, sizeof(T)), value));
  }
  template <class T>
  T load(std::uint64_t address) {
    return *base::read_struct<T>(world.host.at(address, sizeof(T)));
  }
  std::uint64_t place(base::Bytes bytes) {
    const std::uint64_t at = buffer_;
    if (!bytes.empty()) std::memcpy(world.host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
    buffer_ += (bytes.size() + 63) / 64 * 64;
    return at;
  }
  std::uint64_t context(unsigned number) const { return kChannelContexts + number * 44; }
  std::uint64_t ring(unsigned number) const { return kRings + number * 0x1000; }

  // ---- power-up ----
  // Contexts and registers as at READY, then the request for M0.
  void bring_up() {
    CHECK((read(mhi::Register::control) & mhi::kControlReset) == 0);
    CHECK((read(mhi::Register::status) & mhi::kStatusReady) != 0);
    std::ranges::fill(world.host.at(HostBlock::kBase, 0x100000), std::byte{0});
    buffer_ = kBuffers;
    event_read_ = kEvents;
    command_write_ = kCommands;
    events.clear();
    mhi::EventContext event;
    event.type = 1;
    event.base = event.read = kEvents;
    event.length = kEventBytes;
    event.write = kEvents + kEventBytes - 16;
    store(kEventContext, event);
    mhi::CommandContext command;
    command.base = command.read = command.write = kCommands;
    command.length = kCommandBytes;
    store(kCommandContext, command);
    doorbells_ = read(mhi::Register::channel_doorbells_offset);
    CHECK(doorbells_ < 0xC08);
    event_doorbell_ = read(mhi::Register::event_doorbells_offset);
    write64(mhi::Register::channel_contexts, kChannelContexts);
    write64(mhi::Register::event_contexts, kEventContext);
    write64(mhi::Register::command_contexts, kCommandContext);
    write64(mhi::Register::control_base, 0);
    write64(mhi::Register::data_base, 0);
    write64(mhi::Register::control_limit, 0xFFFFFFFFFFFFFFFE);
    write64(mhi::Register::data_limit, 0xFFFFFFFFFFFFFFFE);
    write(mhi::Register::config, (read(mhi::Register::config) & 0xFFFF) | 1U << 16);
    ring_events(kEvents + kEventBytes - 16);
    request(mhi::DeviceState::m0);
  }

  // ---- events ----
  void ring_events(std::uint64_t write_pointer) { write64(event_doorbell_, write_pointer); }
  // Reads what the card posted into `events`; gives the slots back, or not.
  enum class Credits { give_back, keep };
  std::size_t poll(Credits credits = Credits::give_back) {
    std::size_t count = 0;
    for (;;) {
      const std::uint64_t stop = load<mhi::EventContext>(kEventContext).read;
      REQUIRE(stop >= kEvents);
      REQUIRE(stop < kEvents + kEventBytes);
      if (stop == event_read_) return count;
      while (event_read_ != stop) {
        events.push_back(load<mhi::Element>(event_read_));
        note(events.back());
        event_read_ = after(event_read_);
        ++count;
      }
      if (credits == Credits::keep) return count;
      give_back();
    }
  }
  void give_back() {
    const std::uint64_t last = event_read_ == kEvents ? kEvents + kEventBytes - 16 : event_read_ - 16;
    auto context = load<mhi::EventContext>(kEventContext);
    context.write = last;
    store(kEventContext, context);
    ring_events(last);
  }
  // All events so far as hex lines; forgets them.
  std::vector<std::string> take_events() {
    poll();
    std::vector<std::string> out;
    for (const mhi::Element& event : events) out.push_back(hex_of(base::bytes_of(event)));
    events.clear();
    return out;
  }

  // ---- commands ----
  std::uint64_t post_command(mhi::Command command, unsigned number) {
    mhi::Element element;
    element.word1 = number << 24 | static_cast<std::uint32_t>(command) << 16;
    const std::uint64_t at = command_write_;
    store(at, element);
    command_write_ = at + 16 == kCommands + kCommandBytes ? kCommands : at + 16;
    return at;
  }
  void ring_commands() { write64(mhi::Register::command_doorbell, command_write_); }
  // The completion code; 0 when there was no answer.
  unsigned command(mhi::Command what, unsigned number) {
    const std::uint64_t at = post_command(what, number);
    ring_commands();
    poll();
    for (const mhi::Element& event : events) {
      if (mhi::element_type(event) == 0x21 && event.pointer == at) return event.word0 >> 24;
    }
    return 0;
  }
  unsigned start(unsigned number) {
    mhi::ChannelContext fields;
    fields.config = 0x200U | static_cast<std::uint32_t>(mhi::ChannelState::enabled);
    fields.type = number % 2 == 0 ? 1U : 2U;
    fields.base = fields.read = fields.write = ring(number);
    fields.length = kRingBytes;
    store(context(number), fields);
    ring_write_[number] = ring(number);
    posted_[number].clear();
    return command(mhi::Command::start_channel, number);
  }
  void start_pair(unsigned pair) {
    CHECK(start(pair) == 1);
    CHECK(start(pair + 1) == 1);
  }

  // ---- transfers ----
  struct Posted {
    std::uint64_t element;
    std::uint64_t buffer;
    std::uint32_t length;
  };
  std::uint64_t post(unsigned number, std::uint64_t buffer, std::uint32_t length, std::uint32_t flags) {
    mhi::Element element;
    element.pointer = buffer;
    element.word0 = length;
    element.word1 = 2U << 16 | flags;
    const std::uint64_t at = ring_write_[number];
    store(at, element);
    ring_write_[number] = at + 16 == ring(number) + kRingBytes ? ring(number) : at + 16;
    posted_[number].push_back({at, buffer, length});
    return at;
  }
  void ring_channel(unsigned number) { write64(doorbells_ + 8 * number, ring_write_[number]); }
  void give_buffer(unsigned number, std::uint32_t length) {
    post(number, place(base::ByteVector(length)), length, mhi::kTransferEventAtEnd);
    ring_channel(number);
  }
  // One message in a chain of elements of at most `piece` bytes.
  void send(unsigned pair, base::Bytes message, std::size_t piece = 65535) {
    while (message.size() > piece) {
      post(pair, place(message.first(piece)), static_cast<std::uint32_t>(piece), mhi::kTransferChain);
      message = message.subspan(piece);
    }
    post(pair, place(message), static_cast<std::uint32_t>(message.size()), mhi::kTransferEventAtEnd);
    ring_channel(pair);
  }
  // The next message that arrived on a pair's card-to-host channel.
  std::optional<base::ByteVector> receive(unsigned pair) {
    poll();
    auto& queue = arrived_[pair + 1];
    if (queue.empty()) return std::nullopt;
    base::ByteVector out = std::move(queue.front());
    queue.pop_front();
    return out;
  }
  // STATUS at boot, as the driver does it: a buffer, the request in two elements.
  std::string ask_status() {
    give_buffer(11, 4096);
    send(10,
         bytes_of_hex("bda539f7 51414943 00000000 28000000 01000000 00000000 ffffffff 00000000"
                      "0f000000 08000000"),
         32);
    const auto reply = receive(10);
    return reply ? hex_of(*reply) : "";
  }
  // From power-on in AMSS to an open control channel.
  void to_control() {
    bring_up();
    poll();
    start_pair(channel::kControl);
  }

  std::uint64_t write_pointer(unsigned number) const { return ring_write_[number]; }
  void clear_interrupts() { world.interrupts.raised.clear(); }

  World world;
  sim::mhi::ReceivedImages images;
  sim::device::Card card;
  sim::mhi::Controller controller;
  std::vector<mhi::Element> events;

 private:
  static std::uint64_t after(std::uint64_t pointer) {
    return pointer + 16 == kEvents + kEventBytes ? kEvents : pointer + 16;
  }
  // What the driver does on a transfer event of a card-to-host channel.
  void note(const mhi::Element& event) {
    if (mhi::element_type(event) != 0x22) return;
    const unsigned number = mhi::element_channel(event);
    auto& posted = posted_[number];
    while (!posted.empty()) {
      const Posted first = posted.front();
      posted.pop_front();
      if (first.element != event.pointer) continue;
      const std::uint32_t length = event.word0 & 0xFFFF;
      CHECK(length <= first.length);
      const std::uint32_t code = event.word0.get() >> 24;
      if (number % 2 == 1 && code >= 2 && code <= 4) {
        const auto bytes = world.host.at(first.buffer, length);
        arrived_[number].emplace_back(bytes.begin(), bytes.end());
      }
      return;
    }
    FAIL("an event for an element that was not posted");
  }

  std::uint64_t buffer_ = kBuffers;
  std::uint64_t event_read_ = kEvents;
  std::uint64_t command_write_ = kCommands;
  std::uint32_t doorbells_ = 0;
  std::uint32_t event_doorbell_ = 0;
  std::array<std::uint64_t, 26> ring_write_{};
  std::array<std::deque<Posted>, 26> posted_;
  std::array<std::deque<base::ByteVector>, 26> arrived_;
};

}  // namespace qaic::tests
