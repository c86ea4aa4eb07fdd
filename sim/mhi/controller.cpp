#include "sim/mhi/controller.hpp"

#include <charconv>
#include <utility>

#include "sim/mhi/registers.hpp"

namespace qaic::sim::mhi {

using wire::mhi::DeviceState;
using wire::mhi::ExecEnv;
using Bhi = wire::bhi::Register;
using Mhi = wire::mhi::Register;
using std::chrono::nanoseconds;

namespace {

// The number that STATUS gives as text ("0x2b36e75d").
std::uint32_t serial_of(const device::Card& card) {
  const std::string text = base::fixed_text(card.status().hw_serial);
  std::uint32_t number = 0;
  if (text.starts_with("0x")) std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
  return number == 0xFFFFFFFF ? 0 : number;  // all ones reads as a dead link
}

}  // namespace

struct Controller::State {
  State(World w, BootFrom from) : world(w), boot_from(from), registers(serial_of(w.card)) {}

  void power_on() {
    registers.reset();
    powered_at = world.clock.monotonic();
    env = boot_from == BootFrom::amss ? ExecEnv::amss : ExecEnv::pbl;
    if (env == ExecEnv::amss) world.card.boot();
    registers.set(Bhi::exec_env, static_cast<std::uint32_t>(env));
    registers.show(env == ExecEnv::pbl ? DeviceState::reset : DeviceState::ready);
  }
  [[nodiscard]] std::uint64_t ticks() const {
    const auto since = world.clock.monotonic() - powered_at;
    return static_cast<std::uint64_t>(since.count() / 10 * 192 / 1000);
  }

  World world;
  BootFrom boot_from;
  Registers registers;
  ExecEnv env = ExecEnv::pbl;
  nanoseconds powered_at{};
  std::uint32_t timer_high = 0;
  std::vector<std::string> messages;
};

Controller::Controller(World world, BootFrom boot_from) : state_(std::make_unique<State>(world, boot_from)) {
  state_->power_on();
}

Controller::~Controller() = default;

std::uint32_t Controller::read(std::uint32_t offset) {
  constexpr auto kTimer = static_cast<std::uint32_t>(Mhi::timer);
  if (offset == kTimer) {
    const std::uint64_t ticks = state_->ticks();
    state_->timer_high = static_cast<std::uint32_t>(ticks >> 32);
    const auto low = static_cast<std::uint32_t>(ticks);
    return low == 0xFFFFFFFF ? low - 1 : low;  // all ones reads as a dead link
  }
  if (offset == kTimer + 4) return state_->timer_high;
  return state_->registers.read(offset);
}

void Controller::write(std::uint32_t offset, std::uint32_t value) {
  state_->registers.write(offset, value);
}

void Controller::reset() {
  state_->power_on();
}

void Controller::pump() {}

std::optional<nanoseconds> Controller::next_deadline() const {
  return std::nullopt;
}

void Controller::tick() {}

void Controller::system_error() {
  state_->registers.show(DeviceState::system_error);
  state_->world.interrupts.raise(0);
}

void Controller::soc_reset() {
  state_->power_on();
  system_error();
}

void Controller::crash(std::string_view reason) {
  state_->messages.emplace_back(reason);
  soc_reset();
}

std::optional<std::chrono::microseconds> Controller::host_time_offset() const {
  return std::nullopt;
}

std::vector<std::string> Controller::take_messages() {
  return std::exchange(state_->messages, {});
}

}  // namespace qaic::sim::mhi
