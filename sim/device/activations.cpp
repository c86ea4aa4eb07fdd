#include "sim/device/activations.hpp"

#include <algorithm>
#include <utility>

#include "sim/device/activation.hpp"
#include "sim/device/card.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
namespace dbc = wire::dbc;
namespace qpc = wire::qpc;
using base::UserHandle;
using nnc::InitialState;
using nnc::Status;

std::uint64_t Activations::Activation::dynamic_offset() const {
  return shared.offset() + whole_units(network().static_shared_size);
}

Activations::Activations(const CardConfig& config, const Ports& ports, Resources& resources,
                         Telemetry& telemetry, Journal& journal)
    : ports_(ports),
      latency_(config.latency),
      hw_serial_(config.hw_serial),
      resources_(resources),
      telemetry_(telemetry),
      journal_(journal),
      restart_(journal) {
  for (auto& channel : channels_) channel = std::make_unique<Channel>(ports.host_memory, ports.clock);
}

Activations::~Activations() = default;

// Both FIFOs must lie in the block that the host allocated for them; how real
// firmware checks that is not known.
Granted<Channel::Queue> Activations::check_queue(const nnc::ActivateToDev& queue) const {
  const std::uint64_t needed = std::uint64_t{queue.req_q_size} * sizeof(dbc::Request) +
                               std::uint64_t{queue.rsp_q_size} * sizeof(dbc::Response);
  if (queue.req_q_size == 0 || queue.rsp_q_size == 0 || needed > queue.buf_len) {
    return tl::unexpected(Status::bad_parameter);
  }
  return Channel::Queue{queue.req_q_addr, queue.rsp_q_addr, queue.req_q_size, queue.rsp_q_size};
}

Granted<unsigned> Activations::attach_channel(UserHandle owner, const nnc::ActivateToDev& request) {
  const auto queue = check_queue(request);
  if (!queue) return tl::unexpected(queue.error());
  auto activation = std::make_unique<Activation>();
  auto channel = resources_.channels.take(1);
  if (!channel) return tl::unexpected(Status::virtual_channel_exhausted);
  auto scratch = resources_.ddr.take(kScratchSize);
  if (!scratch) return tl::unexpected(Status::memory_exhausted);
  activation->channel = std::move(*channel);
  activation->dbc = activation->channel.list().front();
  activation->id = kChannelOnly + activation->dbc;
  activation->owner = owner;
  activation->shared = std::move(*scratch);

  AddressMap map;
  map.add_ddr(
      kScratchBase + activation->dbc * kScratchSize,
      ports_.cores.ddr().subspan(static_cast<std::size_t>(activation->shared.offset()), kScratchSize));
  const std::array<std::uint32_t, Semaphores::kMost> zeros{};
  channels_[activation->dbc]->attach(*queue, std::move(map), Semaphores(zeros), Channel::Mode::run);
  by_channel_[activation->dbc] = activation.get();
  const unsigned number = activation->dbc;
  activations_[activation->id] = std::move(activation);
  return number;
}

// Takes everything, in the order in which shortages are told; what was taken
// goes back by itself when something is refused.
Granted<Activations::Activated> Activations::activate(UserHandle owner, LoadedNetwork& loaded,
                                                      Constants* constants, Reservations::Use use,
                                                      const nnc::ActivateToDev& request, InitialState state) {
  const Network& network = loaded.network;
  const auto queue = check_queue(request);
  if (!queue) return tl::unexpected(queue.error());
  auto activation = std::make_unique<Activation>();
  const auto taken = [](auto from, auto& into) {
    if (from) into = std::move(*from);
    return from.has_value();
  };
  if (!taken(use.compute->nsps.take(network.nsp_count), activation->nsps)) {
    const bool soon = use.compute->nsps.free() + restarting_nsps(*use.compute) >= network.nsp_count;
    return tl::unexpected(soon ? Status::subsystem_restart : Status::nsp_exhausted);
  }
  if (!taken(use.channel->channels.take(1), activation->channel)) {
    return tl::unexpected(Status::virtual_channel_exhausted);
  }
  if (!taken(use.compute->multicast_ids.take(network.multicast_ids()), activation->multicast_ids)) {
    return tl::unexpected(Status::mcid_exhausted);
  }
  const auto semaphores = static_cast<unsigned>(network.semaphore_init.size());
  if (!taken(use.channel->semaphores.take(semaphores), activation->semaphores)) {
    return tl::unexpected(Status::semaphore_exhausted);
  }
  // The reader bounds both parts, so the sum cannot overflow.
  const std::uint64_t shared = whole_units(network.static_shared_size) + network.dynamic_shared_size;
  if (!taken(use.compute->ddr.take(shared), activation->shared) ||
      !taken(resources_.ddr.take(network.heap_size), activation->heap)) {
    return tl::unexpected(Status::memory_exhausted);
  }
  activation->id = next_id_;
  activation->owner = owner;
  activation->state = Activation::State::standby;
  activation->loaded = &loaded;
  activation->name = network.name;
  activation->network_pin = Pin(loaded.users);
  activation->use = std::move(use);
  if (constants != nullptr) {
    activation->constants_pin = Pin(constants->users);
    activation->constants_offset = constants->memory.offset();
    activation->constants_size = constants->size;
  }
  activation->dbc = activation->channel.list().front();
  activation->virtual_of.fill(-1);
  const auto physical = activation->semaphores.list();
  for (std::size_t i = 0; i < physical.size(); ++i) {
    activation->virtual_of[physical[i]] = static_cast<std::int8_t>(i);
  }
  channels_[activation->dbc]->attach(*queue, AddressMap(), Semaphores(network.semaphore_init),
                                     Channel::Mode::hold);
  if (state == InitialState::ready) {
    if (const Status started = start(*activation); started != Status::ok) {
      channels_[activation->dbc]->detach();
      return tl::unexpected(started);
    }
  }

  Activated result;
  result.id = activation->id;
  result.dbc = activation->dbc;
  result.ddr_base = kDdrBase + activation->shared.offset();
  result.dynamic_ddr_base = kDdrBase + activation->dynamic_offset();
  result.mcid_base = kMulticastBase + activation->multicast_ids.offset() * nnc::kMulticastWindow;
  result.nsp_mask = static_cast<std::uint32_t>(activation->nsps.mask());
  ++next_id_;
  by_channel_[activation->dbc] = activation.get();
  activations_[result.id] = std::move(activation);
  return result;
}

// Starts the NSPs and opens their memories to the channel.
Status Activations::start(Activation& activation) {
  const Network& network = activation.network();
  if (const std::string why = ports_.cores.unavailable_reason(); latency_.execute && !why.empty()) {
    journal_.add(name_of(activation.id) + " of \"" + network.name + "\" cannot run: " + why);
    return Status::nsp_response;
  }
  CoreProgram program;
  program.name = network.name;
  program.nsp_count = network.nsp_count;
  program.segments = network.segments;
  program.threads = network.threads;
  program.multicast = network.multicast;
  program.semaphores = activation.semaphores.list();
  program.l2tcm_size = network.l2tcm_size;
  program.vtcm_size = network.vtcm_size;
  program.l2tcm_init = network.l2tcm_init;
  program.exit_doorbell_offset = qpc::kExitDoorbellOffset;
  program.shared_ddr_offset = activation.shared.offset();
  program.shared_ddr_size = activation.shared.size();
  program.constants_offset = activation.constants_offset;
  program.constants_size = activation.constants_size;
  program.constants_begin = network.constants_begin;
  program.heap_offset = activation.heap.offset();
  program.heap_size = network.heap_size;
  auto group = start_cores(activation.id, program);
  if (!group) {
    journal_.add(name_of(activation.id) + " of \"" + network.name +
                 "\" did not start: " + group.error().what);
    return Status::nsp_response;
  }
  activation.group = std::move(*group);
  activation.state = Activation::State::ready;

  // What the host reaches: its two parts of DDR, and for each multicast id the
  // memory that each hearing NSP's own table puts behind it.
  AddressMap map;
  const auto ddr = ports_.cores.ddr();
  const auto part = [&](std::uint64_t offset, std::uint64_t size) {
    if (size == 0) return;
    map.add_ddr(kDdrBase + offset,
                ddr.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)));
  };
  part(activation.shared.offset(), network.static_shared_size);
  part(activation.dynamic_offset(), network.dynamic_shared_size);
  std::vector<std::vector<base::MutableBytes>> windows(network.host_multicast.size());
  for (std::size_t id = 0; id < windows.size(); ++id) {
    const HostMulticast& window = network.host_multicast[id];
    for (unsigned nsp = 0; nsp < network.nsp_count; ++nsp) {
      if ((window.mask >> nsp & 1) == 0) continue;
      const CoreMulticast& entry = network.multicast[nsp][id];
      const bool vtcm = entry.memory == static_cast<std::uint8_t>(qpc::NspMemory::vtcm);
      const auto memory = vtcm ? activation.group->vtcm(nsp) : activation.group->l2tcm(nsp);
      windows[id].push_back(memory.subspan(static_cast<std::size_t>(entry.base_offset), window.size));
    }
  }
  map.set_windows(kMulticastBase + activation.multicast_ids.offset() * nnc::kMulticastWindow,
                  std::move(windows));
  Channel& channel = *channels_[activation.dbc];
  channel.set_map(std::move(map));
  set_pace(activation);
  channel.set_mode(Channel::Mode::run);
  return Status::ok;
}

Status Activations::change_state(UserHandle owner, std::uint32_t id, std::int32_t command) {
  const auto found = activations_.find(id);
  if (found == activations_.end() || found->second->name.empty()) return Status::not_found;
  Activation& activation = *found->second;
  if (activation.owner != owner) return Status::not_permitted;
  if (activation.state == Activation::State::restarting) return Status::subsystem_restart;
  switch (static_cast<InitialState>(command)) {
    case InitialState::ready: {
      if (activation.state == Activation::State::ready) return Status::ok;
      if (activation.state != Activation::State::standby) return Status::not_permitted;
      const Status status = start(activation);
      if (status == Status::ok) run(activation);
      return status;
    }
    case InitialState::standby:
      // Taking a running network back would need its NSPs' cooperation.
      return activation.state == Activation::State::standby ? Status::ok : Status::not_permitted;
    case InitialState::deactivate:
      break;  // its answer could not tell the host about the channel
  }
  return Status::bad_parameter;
}

// ---- telling ----

unsigned Activations::active_networks() const {
  return static_cast<unsigned>(std::count_if(activations_.begin(), activations_.end(), [](const auto& item) {
    return item.second->loaded != nullptr;
  }));
}

void Activations::describe(std::vector<std::string>& lines) const {
  for (const auto& [id, activation] : activations_) {
    const std::string what =
        activation->name.empty() ? "channel without a network" : "activation of \"" + activation->name + "\"";
    lines.push_back(what + ", id " + std::to_string(id) + ", DBC " + std::to_string(activation->dbc) +
                    ", of user " + std::to_string(activation->owner.value));
  }
}

}  // namespace qaic::sim::device
