// Running activations, and how they end.
#include <algorithm>
#include <utility>

#include "sim/device/activation.hpp"
#include "sim/device/activations.hpp"

namespace qaic::sim::device {

namespace dbc = wire::dbc;
namespace nnc = wire::nnc;
namespace qpc = wire::qpc;
using base::UserHandle;
using nnc::Status;

// ---- running ----

void Activations::run(Activation& activation) {
  const Channel::Progress progress = channels_[activation.dbc]->advance();
  if (progress.changed_memory && activation.group != nullptr) activation.group->notify();
  if (progress.ddr_bytes != 0) telemetry_.moved(ports_.clock.monotonic(), progress.ddr_bytes);
  if (progress.halted) {
    journal_.add("DMA bridge channel " + std::to_string(activation.dbc) + ": the host's queue is not mapped");
  }
  if (progress.interrupt) ports_.interrupts.raise(1 + activation.dbc);
}

std::uint32_t Activations::read(unsigned dbc, dbc::Register reg) const {
  return dbc < channels_.size() ? channels_[dbc]->read(reg) : 0;
}

void Activations::write(unsigned dbc, dbc::Register reg, std::uint32_t value) {
  if (dbc >= channels_.size()) return;
  channels_[dbc]->write(reg, value);
  if (by_channel_[dbc] != nullptr) run(*by_channel_[dbc]);
}

Activations::Activation* Activations::find_group(std::uint32_t group) {
  for (const auto& [id, activation] : activations_) {
    if (activation->group != nullptr && activation->group->id() == group) return activation.get();
  }
  return nullptr;
}

void Activations::core_event(const CoreEvent& event) {
  Activation* const activation = find_group(event.group);
  if (activation == nullptr) return;  // it ended meanwhile
  const std::string nsp = name_of(activation->id) + " NSP " + std::to_string(event.nsp) + ": ";
  switch (event.kind) {
    case CoreEvent::Kind::semaphore:
      on_semaphore(*activation, event);
      break;
    case CoreEvent::Kind::log:
      journal_.add(nsp + event.text);
      break;
    case CoreEvent::Kind::exited:
      on_exit(*activation, event.nsp);
      break;
    case CoreEvent::Kind::crashed:
      die(*activation, event.nsp, nsp + "crashed: " + event.text);
      break;
    case CoreEvent::Kind::hang:
      die(*activation, event.nsp, nsp + "reported that it hangs");
      break;
  }
}

// The command word's bits are the DMA bridge's, but the number is physical and
// it always counts as enabled. Cores change semaphores; they cannot wait on them.
void Activations::on_semaphore(Activation& activation, const CoreEvent& event) {
  const auto word = dbc::SemaphoreWord::unpack(event.value);
  const int number = activation.virtual_of[word.index];
  const bool changes = word.command <= static_cast<std::uint8_t>(wire::uapi::SemaphoreCommand::dec);
  if (number < 0 || !changes) {
    journal_.add(name_of(activation.id) + ": a semaphore command that is not its own, " +
                 std::to_string(event.value));
    return;
  }
  channels_[activation.dbc]->semaphores().apply(word.command, static_cast<std::uint8_t>(number), word.value);
  run(activation);
}

void Activations::on_exit(Activation& activation, unsigned nsp) {
  if (nsp >= activation.network().nsp_count) return;
  activation.exited |= 1U << nsp;
  const std::uint32_t all = (1U << activation.network().nsp_count) - 1;
  if (activation.exited != all) return;
  if (activation.state == Activation::State::leaving) {
    finish(activation.id, Status::ok);
  } else if (activation.state == Activation::State::ready) {
    // It left unasked. Requests that can still be served are; what would wait
    // for it fails, so that nothing hangs.
    activation.state = Activation::State::left;
    journal_.add(name_of(activation.id) + " ended without being asked to");
    channels_[activation.dbc]->set_mode(Channel::Mode::fail_waiting);
    run(activation);
  }
}

// How real firmware reports a dead network to a host without subsystem restart
// is not known. Here: its requests complete with a status, it holds what it had
// until it is deactivated, and DEACTIVATE says -16.
void Activations::die(Activation& activation, unsigned nsp, const std::string& why) {
  journal_.add(why);
  const bool leaving = activation.state == Activation::State::leaving;
  if (!leaving && restart_.is_open()) return begin_restart(activation, dump_of(activation, nsp, why));
  activation.state = Activation::State::dead;
  Channel& channel = *channels_[activation.dbc];
  channel.set_map(AddressMap());
  channel.set_mode(Channel::Mode::fail);
  activation.group.reset();
  if (leaving) {
    finish(activation.id, Status::nsp_response);
  } else {
    run(activation);
  }
}

bool Activations::kill(unsigned dbc, CoreEvent::Kind kind) {
  Activation* const activation = dbc < by_channel_.size() ? by_channel_[dbc] : nullptr;
  if (activation == nullptr || activation->group == nullptr) return false;
  core_event({kind, activation->group->id(), 0, 0, "injected"});
  return true;
}

// ---- restarting ----

// The words of the crash, the channel as it stood, L2TCM of every NSP and VTCM
// of the one that died. Which regions real firmware offers is not known.
Dump Activations::dump_of(Activation& activation, unsigned nsp, const std::string& why) {
  const Channel& channel = *channels_[activation.dbc];
  std::string text = why + "\nnetwork \"" + activation.name + "\", " + name_of(activation.id) + ", channel " +
                     std::to_string(activation.dbc) + ", NSP mask " + std::to_string(activation.nsps.mask()) +
                     '\n';
  constexpr std::array<std::pair<const char*, dbc::Register>, 4> kRegisters{
      {{"request head", dbc::Register::request_head},
       {"request tail", dbc::Register::request_tail},
       {"response head", dbc::Register::response_head},
       {"response tail", dbc::Register::response_tail}}};
  for (const auto& [name, reg] : kRegisters) {
    text += std::string(name) + ' ' + std::to_string(channel.read(reg)) + '\n';
  }
  const Semaphores& semaphores = channels_[activation.dbc]->semaphores();
  for (std::size_t i = 0; i < semaphores.count(); ++i) {
    text += "semaphore " + std::to_string(i) + ' ' + std::to_string(semaphores.value(i)) + '\n';
  }
  Dump dump;
  const auto add = [&dump](const std::string& description, const std::string& file, Bytes bytes) {
    if (!bytes.empty()) dump.regions.push_back({description, file, ByteVector(bytes.begin(), bytes.end())});
  };
  add("crash report", "crash.txt", base::as_bytes(text));
  for (unsigned n = 0; n < activation.network().nsp_count; ++n) {
    const std::string number = std::to_string(n);
    add("NSP " + number + " L2TCM", "nsp" + number + "-l2tcm.bin", activation.group->l2tcm(n));
  }
  if (nsp < activation.network().nsp_count) {
    const std::string number = std::to_string(nsp);
    add("NSP " + number + " VTCM", "nsp" + number + "-vtcm.bin", activation.group->vtcm(nsp));
  }
  return dump;
}

// The host frees the queue when it hears of it, so nothing touches that any more.
void Activations::begin_restart(Activation& activation, Dump dump) {
  channels_[activation.dbc]->detach();
  by_channel_[activation.dbc] = nullptr;
  activation.group.reset();
  activation.state = Activation::State::restarting;
  activation.loaded = nullptr;
  activation.network_pin = Pin();
  activation.constants_pin = Pin();
  activation.semaphores = Numbers();
  activation.multicast_ids = Range();
  activation.shared = Range();
  activation.heap = Range();
  restart_.begin(activation.dbc, std::move(dump), ports_.clock.monotonic());
}

void Activations::receive_restart(Bytes message) {
  restart_.receive(message, ports_.clock.monotonic());
  end_restarts();
}

void Activations::close_restart() {
  restart_.close();
  end_restarts();
}

void Activations::end_restarts() {
  for (const unsigned dbc : restart_.take_finished()) {
    std::erase_if(activations_, [dbc](const auto& item) {
      return item.second->state == Activation::State::restarting && item.second->dbc == dbc;
    });
  }
}

unsigned Activations::restarting_nsps(const Resources& compute) const {
  unsigned count = 0;
  for (const auto& [id, activation] : activations_) {
    if (activation->state == Activation::State::restarting && activation->use.compute == &compute)
      count += static_cast<unsigned>(activation->nsps.list().size());
  }
  return count;
}

// ---- ending ----

Status Activations::deactivate(UserHandle owner, std::uint32_t id) {
  const auto found = activations_.find(id);
  if (found == activations_.end()) {
    const bool was = id != 0 && id < next_id_;
    return was ? Status::already_deactivated : Status::not_found;
  }
  Activation& activation = *found->second;
  if (activation.owner != owner) return Status::not_permitted;
  if (activation.state == Activation::State::restarting) return Status::subsystem_restart;
  if (activation.state == Activation::State::leaving) return Status::already_deactivated;
  if (activation.state == Activation::State::dead) {
    finish(id, Status::nsp_response);
  } else if (activation.group == nullptr || activation.state == Activation::State::left ||
             !latency_.execute) {
    finish(id, Status::ok);
  } else {
    channels_[activation.dbc]->detach();  // no more DMA from here on
    for (unsigned nsp = 0; nsp < activation.network().nsp_count; ++nsp) {
      auto* const bell = activation.group->l2tcm(nsp).subspan(qpc::kExitDoorbellOffset, 4).data();
      __atomic_store_n(reinterpret_cast<std::uint32_t*>(static_cast<void*>(bell)), 1U, __ATOMIC_SEQ_CST);
    }
    activation.state = Activation::State::leaving;
    activation.deadline = ports_.clock.monotonic() + kLeaveTime;
    activation.group->notify();
  }
  return Status::ok;
}

void Activations::finish(std::uint32_t id, Status status) {
  const auto found = activations_.find(id);
  if (found == activations_.end()) return;
  const unsigned dbc = found->second->dbc;
  channels_[dbc]->detach();
  by_channel_[dbc] = nullptr;
  activations_.erase(found);
  deactivated_.push_back({id, dbc, status});
}

std::vector<Activations::Deactivated> Activations::take_deactivated() {
  return std::exchange(deactivated_, {});
}

void Activations::terminate(UserHandle owner) {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, activation] : activations_) {
    // A restart is the host's business, whose user is gone; it ends by itself.
    if (activation->owner == owner && activation->state != Activation::State::restarting) ids.push_back(id);
  }
  for (const std::uint32_t id : ids) finish(id, Status::deactivate_cleanup);
}

std::optional<std::chrono::nanoseconds> Activations::next_deadline() const {
  std::optional<std::chrono::nanoseconds> next = restart_.next_deadline();
  for (const auto& [id, activation] : activations_) {
    if (activation->deadline && (!next || *activation->deadline < *next)) next = activation->deadline;
    const auto paced = channels_[activation->dbc]->next_deadline();
    if (paced && (!next || *paced < *next)) next = paced;
  }
  return next;
}

void Activations::tick() {
  const auto now = ports_.clock.monotonic();
  std::vector<std::uint32_t> late;
  for (const auto& [id, activation] : activations_) {
    if (activation->deadline && *activation->deadline <= now) late.push_back(id);
    const auto paced = channels_[activation->dbc]->next_deadline();
    if (paced && *paced <= now) run(*activation);
  }
  restart_.tick(now);
  end_restarts();
  for (const std::uint32_t id : late) {
    journal_.add(name_of(id) + " did not leave in time and was stopped");
    finish(id, Status::deactivate_cleanup);
  }
}

}  // namespace qaic::sim::device
