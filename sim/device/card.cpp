#include "sim/device/card.hpp"

#include <utility>

#include "sim/device/commands.hpp"
#include "sim/device/control.hpp"
#include "sim/device/log_line.hpp"

namespace qaic::sim::device {

struct Card::State {
  State(const CardConfig& config, const Ports& ports)
      : commands(config, ports), control(ports.host_memory, commands, config.features) {}

  bool ready = false;
  Commands commands;
  Control control;
  // Oldest first; of what nobody takes the oldest go.
  void say(Stream stream, ByteVector bytes) {
    if (outgoing.size() == kMostOutgoing) outgoing.erase(outgoing.begin());
    outgoing.push_back({stream, std::move(bytes)});
  }

  static constexpr std::size_t kMostOutgoing = 256;
  std::vector<Outgoing> outgoing;
};

namespace {

CardConfig with_faults(CardConfig config) {
  if (config.faults.reply_crc) config.features |= wire::nnc::feature_bit(wire::nnc::Feature::crc);
  return config;
}

}  // namespace

Card::Card(CardConfig config, Ports ports)
    : config_(with_faults(std::move(config))),
      flipping_memory_(ports.host_memory),
      ports_{config_.faults.data_bit ? flipping_memory_ : ports.host_memory, ports.interrupts, ports.clock,
             ports.storage, ports.cores},
      state_(std::make_unique<State>(config_, ports_)) {}

Card::~Card() = default;

void Card::boot() {
  state_->commands.boot();
  state_->ready = true;
  log_boot();
}

// What real firmware logs is not known.
void Card::log_boot() {
  const wire::nnc::StatusResponse status = state_->commands.status();
  const auto line = [this](const std::string& text) { state_->say(Stream::log, log_message(text)); };
  const auto or_none = [](std::string text) { return text.empty() ? std::string("none") : text; };
  line("SBL image " + or_none(base::fixed_text(status.sbl_image_name)));
  line("serial " + config_.hw_serial + ", board " + config_.board_serial + ", SoC " +
       std::to_string(config_.complex_id));
  line("DDR " + std::to_string(status.resources.dram_total.get()) + " MB, " +
       std::to_string(config_.retired_pages) + " pages retired");
  line("NSP " + std::to_string(status.resources.nsp_total) + " of " + std::to_string(config_.nsp_count) +
       " usable, image " + or_none(base::fixed_text(status.nsp_qc_image_version)));
  line("QSM " + or_none(base::fixed_text(status.fw_qc_image_version)) + " started");
}

bool Card::ready() const {
  return state_->ready;
}

void Card::reset() {
  const std::vector<std::string> untold = take_messages();
  config_.retired_pages += std::exchange(pages_to_retire_, 0);
  config_.need_reset_to_retire_pages = 0;
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
  std::vector<ByteVector> replies = state_->control.take_replies();
  config_.faults.spoil(replies);
  return replies;
}

void Card::opened(Stream stream) {
  if (stream == Stream::ssr) state_->commands.activations().open_restart();
}

void Card::closed(Stream stream) {
  if (stream != Stream::ssr) return;
  state_->commands.activations().close_restart();
  state_->commands.sweep();
}

// On the other two nobody expects anything from the host.
void Card::receive(Stream stream, Bytes message) {
  if (!state_->ready) return;
  if (stream == Stream::ssr) {
    state_->commands.activations().receive_restart(message);
    state_->commands.sweep();
    return;
  }
  state_->commands.journal().add("a message of " + std::to_string(message.size()) + " bytes on " +
                                 (stream == Stream::ras ? "QAIC_STATUS" : "QAIC_LOGGING") +
                                 " that nothing asked for");
}

std::vector<Card::Outgoing> Card::take_outgoing() {
  for (ByteVector& message : state_->commands.activations().take_restart()) {
    state_->outgoing.push_back({Stream::ssr, std::move(message)});
  }
  return std::exchange(state_->outgoing, {});
}

namespace {

tl::unexpected<base::Error> not_injected(base::ErrorKind kind, std::string id, std::string what) {
  return base::fail(base::make_error(kind, std::move(id), std::move(what)));
}

}  // namespace

Result<void> Card::inject(const RasEvent& event) {
  if (!state_->ready)
    return not_injected(base::ErrorKind::unavailable, "not-ready", "the card has not booted");
  state_->say(Stream::ras, ras_.record(event));
  using wire::ras::ErrorType;
  if (event.source == wire::ras::Source::ddr && event.type != ErrorType::correctable) {
    ++pages_to_retire_;
    config_.need_reset_to_retire_pages = 1;
    state_->commands.want_reset_to_retire_pages();
  }
  return {};
}

Result<void> Card::inject(DbcId dbc, CoreEvent::Kind kind) {
  if (!state_->ready)
    return not_injected(base::ErrorKind::unavailable, "not-ready", "the card has not booted");
  if (kind != CoreEvent::Kind::crashed && kind != CoreEvent::Kind::hang) {
    return not_injected(base::ErrorKind::bad_input, "inject-kind", "a network can only crash or hang");
  }
  if (!state_->commands.activations().kill(dbc.value, kind)) {
    return not_injected(base::ErrorKind::bad_input, "no-network",
                        "no network runs on DMA bridge channel " + std::to_string(dbc.value));
  }
  state_->control.resume();
  return {};
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
  if (state_->control.has_more()) return std::chrono::nanoseconds{0};
  return state_->commands.activations().next_deadline();
}

void Card::tick() {
  state_->commands.activations().tick();
  state_->commands.sweep();
  state_->control.advance();
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
