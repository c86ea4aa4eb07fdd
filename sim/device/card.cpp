#include "sim/device/card.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "sim/device/commands.hpp"
#include "sim/device/control.hpp"

namespace qaic::sim::device {

struct Card::State {
  State(const CardConfig& config, const Ports& ports)
      : commands(config, ports), control(ports.host_memory, commands, config.features) {}

  bool ready = false;
  Commands commands;
  Control control;
  std::vector<Outgoing> outgoing;
};

Card::Card(CardConfig config, Ports ports)
    : config_(std::move(config)), ports_(ports), state_(std::make_unique<State>(config_, ports_)) {}

Card::~Card() = default;

void Card::boot() {
  state_->commands.boot();
  state_->ready = true;
}

bool Card::ready() const {
  return state_->ready;
}

void Card::reset() {
  const std::vector<std::string> untold = take_messages();
  state_.reset();  // stops the cores and gives back their memories before anything new exists
  state_ = std::make_unique<State>(config_, ports_);
  for (const std::string& line : untold) state_->commands.journal().add(line);
}

void Card::control(Bytes message) {
  if (!state_->ready) return;  // nobody listens yet
  state_->control.receive(message);
  state_->control.resume();
}

std::vector<ByteVector> Card::take_replies() {
  return state_->control.take_replies();
}

// Nobody expects anything from the host there yet, so it is only looked at.
void Card::receive(Stream stream, Bytes message) {
  if (!state_->ready) return;
  constexpr std::array<std::string_view, 3> kNames{"QAIC_STATUS", "QAIC_SSR", "QAIC_LOGGING"};
  state_->commands.journal().add("a message of " + std::to_string(message.size()) + " bytes on " +
                                 std::string(kNames[static_cast<std::size_t>(stream)]) +
                                 " that nothing asked for");
}

std::vector<Card::Outgoing> Card::take_outgoing() {
  return std::exchange(state_->outgoing, {});
}

std::uint32_t Card::read_dbc(DbcId dbc, wire::dbc::Register reg) const {
  return state_->commands.activations().read(dbc.value, reg);
}

void Card::write_dbc(DbcId dbc, wire::dbc::Register reg, std::uint32_t value) {
  if (state_->ready) state_->commands.activations().write(dbc.value, reg, value);
}

void Card::core_event(const CoreEvent& event) {
  state_->commands.activations().core_event(event);
  state_->control.resume();
}

std::optional<std::chrono::nanoseconds> Card::next_deadline() const {
  return state_->commands.activations().next_deadline();
}

void Card::tick() {
  state_->commands.activations().tick();
  state_->control.resume();
}

wire::nnc::StatusResponse Card::status() const {
  return state_->commands.status();
}

std::vector<std::string> Card::held() const {
  std::vector<std::string> lines = state_->commands.held();
  state_->control.describe(lines);
  return lines;
}

std::vector<std::string> Card::take_messages() {
  return state_->commands.journal().take();
}

}  // namespace qaic::sim::device
