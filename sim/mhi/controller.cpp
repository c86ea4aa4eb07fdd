#include "sim/mhi/controller.hpp"

#include <algorithm>
#include <utility>

#include "sim/mhi/state.hpp"

namespace qaic::sim::mhi {

using Mhi = wire::mhi::Register;
using std::chrono::nanoseconds;

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
  state_->act(state_->registers.write(offset, value));
}

void Controller::reset() {
  state_->power_on();
}

void Controller::pump() {
  state_->run();
}

std::optional<nanoseconds> Controller::next_deadline() const {
  std::optional<nanoseconds> next;
  if (state_->state == wire::mhi::DeviceState::m0) next = state_->leave_by;  // a suspended host is not left
  if (state_->back_at) next = next ? std::min(*next, *state_->back_at) : state_->back_at;
  if (state_->second_stage) {
    if (const auto own = state_->second_stage->next_deadline()) next = next ? std::min(*next, *own) : own;
  }
  return next;
}

void Controller::tick() {
  state_->come_back();
  if (state_->second_stage) state_->second_stage->tick(state_->world.clock.monotonic());
  state_->run();
}

void Controller::system_error() {
  state_->fail();
}

void Controller::soc_reset() {
  state_->soc_reset();
}

void Controller::crash(std::string_view reason) {
  state_->say("the card crashed: " + std::string(reason));
  MemoryDump dump = state_->dump_now(reason);
  state_->soc_reset();
  if (state_->boot_from == BootFrom::pbl) state_->dump = std::move(dump);
}

std::optional<std::chrono::microseconds> Controller::host_time_offset() const {
  return state_->time_offset;
}

std::vector<std::string> Controller::take_messages() {
  return std::exchange(state_->messages, {});
}

}  // namespace qaic::sim::mhi
