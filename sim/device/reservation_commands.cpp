// Commands that set parts of the card aside. Fields that nothing here models
// (the L2 region, of which RESOURCE_INFO has no figure) are taken and not
// accounted; options that are not known are refused.
#include <utility>

#include "base/checked.hpp"
#include "sim/device/commands.hpp"
#include "sim/device/requests.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using base::UserHandle;
using nnc::Command;
using nnc::Status;

namespace {

Commands::Outcome reserved(Command command, const Granted<std::uint32_t>& id) {
  if (!id) return only(command, id.error());
  nnc::ReservationResponse response;
  response.type = static_cast<std::uint32_t>(command) + 1;
  response.id = static_cast<std::int32_t>(*id);
  return {response_bytes(response), {}, std::nullopt};
}

}  // namespace

Commands::Outcome Commands::reserve_vc(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::reserve_vc;
  const auto request = read_command<nnc::ReserveVcRequest>(command);
  if (!request) return only(kCommand, Status::command_length);
  // Memory command blocks and special semaphores: nobody says what they are.
  if (request->dma_option != 0 || request->memory_command_block_size != 0 ||
      request->assign_special_semaphore != 0) {
    return only(kCommand, Status::bad_parameter);
  }
  const auto channel = reservations_.reserve_channel(user, request->source_group, request->semaphores);
  if (!channel) return only(kCommand, channel.error());
  nnc::ReserveVcResponse response;
  response.type = static_cast<std::uint32_t>(Command::reserve_vc_rsp);
  response.reservation_id = channel->id;
  response.virtual_channel_id = channel->channel;
  return {response_bytes(response), {}, std::nullopt};
}

Commands::Outcome Commands::reserve_compute(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::ac_reservation;
  const auto request = read_command<nnc::AcReservationRequest>(command);
  if (!request) return only(kCommand, Status::command_length);
  Share share;
  share.nsps = request->nsps;
  share.multicast_ids = request->multicast_ids;
  share.ddr = request->shared_ddr_size;
  return reserved(kCommand,
                  reservations_.reserve_compute(user, request->source_group, share, request->networks));
}

Commands::Outcome Commands::update_compute(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::update_ac_reservation;
  const auto request = read_command<nnc::UpdateAcReservationRequest>(command);
  if (!request) return only(kCommand, Status::command_length);
  if (request->zero != 0) return only(kCommand, Status::bad_parameter);
  return only(kCommand, reservations_.update_compute(user, request->reservation_id, request->nsps));
}

Commands::Outcome Commands::create_group(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::create_resource_group;
  const auto request = read_command<nnc::CreateResourceGroupRequest>(command);
  if (!request) return only(kCommand, Status::command_length);
  const auto ddr = base::checked_add<std::uint64_t>(request->shared_ddr_size, request->memory_size);
  if (!ddr) return only(kCommand, Status::memory_exhausted);
  Share share;
  share.nsps = request->nsps;
  share.multicast_ids = request->multicast_ids;
  share.semaphores = request->semaphores;
  share.channels = request->virtual_channels;
  share.ddr = *ddr;
  return reserved(kCommand, reservations_.create_group(user, request->source_group, share));
}

Commands::Outcome Commands::release(UserHandle user, Bytes command) {
  const Command type = *number(command);
  const auto request = read_command<nnc::ReleaseRequest>(command);
  if (!request) return only(type, Status::command_length);
  if (type == Command::release_vc) return only(type, reservations_.release_channel(user, request->id));
  if (type == Command::ac_release) return only(type, reservations_.release_compute(user, request->id));
  return only(type, reservations_.release_group(user, request->id));
}

Commands::Outcome Commands::resource_info(UserHandle user, Bytes command) {
  const auto request = read_command<nnc::ResourceInfoRequest>(command);
  if (!request) return only(Command::resource_info, Status::command_length);
  const auto info = reservations_.info(user, request->resource_group_id);
  if (!info) return only(Command::resource_info, info.error());
  nnc::ResourceInfoResponse response;
  response.type = static_cast<std::uint32_t>(Command::resource_info_rsp);
  response.resource_group_id = request->resource_group_id;
  response.info = *info;
  return {response_bytes(response), {}, std::nullopt};
}

// The setting is the card's; it stays its user's until taken back (0) or the
// user ends. What dedicating channels does to transfers is not modelled.
Commands::Outcome Commands::configure(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::device_config;
  const auto request = read_command<nnc::DeviceConfigRequest>(command);
  if (!request) return only(kCommand, Status::command_length);
  if (request->option != static_cast<std::int32_t>(nnc::ConfigOption::dedicate_physical_channels) ||
      request->physical_channels > kPhysicalChannels) {
    return only(kCommand, Status::bad_parameter);
  }
  if (configurer_ && *configurer_ != user) return only(kCommand, Status::not_permitted);
  resources_.dedicated_physical_channels = static_cast<std::uint8_t>(request->physical_channels.get());
  configurer_ = request->physical_channels == 0 ? std::nullopt : std::optional(user);
  return only(kCommand, Status::ok);
}

}  // namespace qaic::sim::device
