// A card that goes away under its users and comes back, or does not. Source:
// kernel-interface §1.9, §4.5, §4.10, §10 (8, 10, 11).
#include <utility>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

void Driver::reset_soc() {
  if (!bound()) return;
  state_->crash_reset();
  state_->pump();
  state_->deliver();
}

void Driver::reset_pci() {
  if (!bound()) return;
  state_->take_down(State::Announce::twice);
  state_->announce_environment("DISABLE");
  state_->card.reset();
  state_->boot_later();
  state_->pump();
  state_->deliver();
}

void Driver::remove() {
  if (!bound()) return;
  state_->take_down(State::Announce::once);
  state_->announce_environment("DISABLE");
  state_->card.reset();
  state_->boot_at.reset();
  state_->phase = State::Phase::removed;
  for (const auto& file : state_->files) file->unplugged = true;
  state_->pump();
  state_->deliver();
}

bool Driver::bound() const {
  return state_->phase != State::Phase::removed;
}

bool Driver::channels_up() const {
  return state_->phase == State::Phase::boot || state_->phase == State::Phase::online;
}

void Driver::State::take_down(Announce announce) {
  phase = Phase::offline;
  uevents.push_back({Uevent::Device::accel, "offline", {}});
  if (announce == Announce::twice) uevents.push_back({Uevent::Device::accel, "offline", {}});
  handshake_sequence.reset();
  boot_at.reset();
  for (Dbc& dbc : dbcs) dbc.interrupted = false;
  irq_pending = false;
  (void)card.take_replies();

  drop_ssr();
  // Callers on the control channel first; a call that waits for a channel to
  // get free has its answer already and goes on.
  for (const auto& manage : manages) {
    switch (manage->step) {
      case Manage::Step::control:
      case Manage::Step::ring:
      case Manage::Step::reply:
        finish(*manage, -EIO);
        break;
      case Manage::Step::encode:
      case Manage::Step::decode:
      case Manage::Step::finished:
        break;
    }
  }
  for (Dbc& dbc : dbcs) {
    if (dbc.in_use || dbc.owner != nullptr) release_channel(dbc);
  }
  // The card writes nowhere any more.
  for (const auto& file : files) file->leaked.clear();
  for (std::size_t i = 0; i < files.size();) {
    if (files[i]->terminating) {
      end_close(*files[i]);
    } else {
      ++i;
    }
  }
}

void Driver::State::boot_later() {
  boot_at = now() + parameters.boot_time;
}

void Driver::State::boot() {
  boot_at.reset();
  phase = Phase::boot;
  announce_environment("SECONDARY BOOTLOADER");
  boot_log.clear();
  card.boot();
  card.opened(device::Card::Stream::ssr);
  card.opened(device::Card::Stream::ras);
  announce_environment("MISSION MODE");
}

void Driver::State::announce_environment(const char* name) {
  uevents.push_back({Uevent::Device::mhi, "change", {{"EXEC_ENV", name}}});
}

}  // namespace qaic::sim::driver
