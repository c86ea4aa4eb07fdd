#include "sim/device/reservations.hpp"

#include <utility>

#include "wire/nnc_reservations.hpp"

namespace qaic::sim::device {

using base::UserHandle;
using wire::nnc::Status;

namespace {

constexpr std::int32_t kNone = -1;

}  // namespace

Reservations::~Reservations() {
  for (auto* const store : {&channels_, &computes_, &groups_}) {
    for (auto& [id, part] : store->items()) part.orphaned = true;
  }
  sweep();
}

void Reservations::terminate(UserHandle owner) {
  for (auto* const store : {&channels_, &computes_, &groups_}) {
    for (auto& [id, part] : store->items()) part.orphaned |= part.owner == owner;
  }
  sweep();
}

// Parts before what they are parts of; groups may be parts of groups with
// lower ids.
void Reservations::sweep() {
  for (auto* const store : {&channels_, &computes_, &groups_}) {
    std::vector<std::uint32_t> ids;
    for (const auto& [id, part] : store->items()) {
      if (part.orphaned) ids.push_back(id);
    }
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      if (store->find(*id)->users == 0) store->remove(*id);
    }
  }
}

Granted<Reservations::Part*> Reservations::find(Store<Part>& in, UserHandle owner, std::int32_t id) {
  Part* const part = id <= 0 ? nullptr : in.find(static_cast<std::uint32_t>(id));
  if (part == nullptr || part->orphaned) return tl::unexpected(Status::not_found);
  if (part->owner != owner) return tl::unexpected(Status::not_permitted);
  return part;
}

Granted<Reservations::Source> Reservations::source(UserHandle owner, std::int32_t group) {
  if (group == wire::nnc::kWholeCard) return Source{&card_, Pin()};
  const auto part = find(groups_, owner, group);
  if (!part) return tl::unexpected(part.error());
  return Source{(*part)->resources.get(), Pin((*part)->users)};
}

Granted<std::uint32_t> Reservations::add(Store<Part>& into, UserHandle owner, std::int32_t group,
                                         const Share& share, unsigned networks) {
  auto from = source(owner, group);
  if (!from) return tl::unexpected(from.error());
  if (into.full()) return tl::unexpected(Status::reservation_exhausted);
  auto resources = Resources::part_of(*from->resources, share);
  if (!resources) return tl::unexpected(resources.error());
  return into.add({owner, std::move(from->pin), std::move(*resources), networks, 0});
}

Granted<std::uint32_t> Reservations::create_group(UserHandle owner, std::int32_t group, const Share& share) {
  return add(groups_, owner, group, share, 0);
}

Granted<std::uint32_t> Reservations::reserve_compute(UserHandle owner, std::int32_t group, const Share& share,
                                                     unsigned networks) {
  if (share.nsps == 0) return tl::unexpected(Status::bad_parameter);
  return add(computes_, owner, group, share, networks);
}

Granted<Reservations::Channel> Reservations::reserve_channel(UserHandle owner, std::int32_t group,
                                                             unsigned semaphores) {
  Share share;
  share.channels = 1;
  share.semaphores = semaphores;
  const auto id = add(channels_, owner, group, share, 1);
  if (!id) return tl::unexpected(id.error());
  return Channel{*id, channels_.find(*id)->resources->channels.first()};
}

Status Reservations::update_compute(UserHandle owner, std::int32_t id, unsigned nsps) {
  const auto part = find(computes_, owner, id);
  if (!part) return part.error();
  if (nsps == 0) return Status::bad_parameter;
  NumberPool& pool = (*part)->resources->nsps;
  if (nsps >= pool.total()) return pool.grow(nsps - pool.total()) ? Status::ok : Status::nsp_exhausted;
  return pool.shrink(pool.total() - nsps) ? Status::ok : Status::not_permitted;
}

Status Reservations::release(Store<Part>& in, UserHandle owner, std::int32_t id) {
  const auto part = find(in, owner, id);
  if (!part) return part.error();
  if ((*part)->users != 0) return Status::not_permitted;
  in.remove(static_cast<std::uint32_t>(id));
  return Status::ok;
}

Status Reservations::release_group(UserHandle owner, std::int32_t id) {
  return release(groups_, owner, id);
}
Status Reservations::release_compute(UserHandle owner, std::int32_t id) {
  return release(computes_, owner, id);
}
Status Reservations::release_channel(UserHandle owner, std::int32_t id) {
  return release(channels_, owner, id);
}

Granted<wire::nnc::ResourceInfo> Reservations::info(UserHandle owner, std::int32_t group) {
  if (group == wire::nnc::kWholeCard) return card_.info();
  const auto part = find(groups_, owner, group);
  if (!part) return tl::unexpected(part.error());
  return (*part)->resources->info();
}

Granted<Reservations::Use> Reservations::use(UserHandle owner, std::int32_t compute, std::int32_t channel) {
  Use use{&card_, &card_, Pin(), Pin()};
  if (compute != kNone) {
    const auto part = find(computes_, owner, compute);
    if (!part) return tl::unexpected(part.error());
    if ((*part)->networks != 0 && (*part)->users >= (*part)->networks) {
      return tl::unexpected(Status::not_permitted);
    }
    use.compute = (*part)->resources.get();
    use.compute_pin = Pin((*part)->users);
  }
  if (channel != kNone) {
    const auto part = find(channels_, owner, channel);
    if (!part) return tl::unexpected(part.error());
    use.channel = (*part)->resources.get();
    use.channel_pin = Pin((*part)->users);
  }
  return use;
}

void Reservations::describe(const Store<Part>& parts, const char* what, std::vector<std::string>& lines) {
  for (const auto& [id, part] : parts.items()) {
    lines.push_back(std::string(what) + ' ' + std::to_string(id) + " of user " +
                    std::to_string(part.owner.value));
  }
}

void Reservations::describe(std::vector<std::string>& lines) const {
  describe(channels_, "channel reservation", lines);
  describe(computes_, "compute reservation", lines);
  describe(groups_, "resource group", lines);
}

}  // namespace qaic::sim::device
