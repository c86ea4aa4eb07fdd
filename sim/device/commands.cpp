#include "sim/device/commands.hpp"

#include <algorithm>
#include <utility>

#include "sim/device/requests.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using base::UserHandle;
using nnc::Command;
using nnc::Status;

Commands::Commands(const CardConfig& config, const Ports& ports)
    : config_(config),
      ports_(ports),
      resources_(config, ports.cores),
      reservations_(resources_),
      telemetry_(config.nsp_count),
      activations_(config, ports, resources_, telemetry_, journal_) {}

void Commands::boot() {
  firmware_ = read_firmware(ports_.storage, config_.qsm_version, config_.stated_qsm_version);
}

std::optional<Command> Commands::number(Bytes command) {
  const auto type = base::read_struct<base::le32>(command);
  if (!type) return std::nullopt;
  return static_cast<Command>(type->get());
}

Commands::Outcome Commands::run(UserHandle user, Bytes command, const Attached& attached) {
  const auto type = number(command);
  if (!type) return only(Command{}, Status::command_length);
  switch (*type) {
    case Command::status:
      if (!read_command<nnc::StatusRequest>(command)) return only(*type, Status::command_length);
      return {response_bytes(status()), {}, std::nullopt};
    case Command::resource_info:
      return resource_info(user, command);
    case Command::performance_info: {
      if (!read_command<nnc::SimpleRequest>(command)) return only(*type, Status::command_length);
      nnc::PerformanceInfoResponse response;
      response.type = static_cast<std::uint32_t>(Command::performance_info_rsp);
      response.info = telemetry_.info(ports_.clock.monotonic());
      return {response_bytes(response), {}, std::nullopt};
    }
    case Command::load_constants_ex:
      return load_constants(user, command);
    case Command::load_constants_payload:
      return load_payload(attached.transfer, command);
    case Command::load_elf:
      return load_elf(user, attached.transfer);
    case Command::unload_constants:
    case Command::unload_elf:
      return unload(user, command);
    case Command::activate:
      return activate(user, command, attached);
    case Command::deactivate:
      return deactivate(user, command);
    case Command::activate_state:
      return change_state(user, command);
    case Command::terminate:
      // Its body is not documented; the user is the message's.
      if (!read_command<nnc::SimpleRequest>(command)) return only(*type, Status::command_length);
      terminate(user);
      return only(*type, Status::ok);
    case Command::load_constants:
      return load_old_constants(user, attached.transfer, command);
    case Command::reserve_vc:
      return reserve_vc(user, command);
    case Command::ac_reservation:
      return reserve_compute(user, command);
    case Command::update_ac_reservation:
      return update_compute(user, command);
    case Command::create_resource_group:
      return create_group(user, command);
    case Command::release_vc:
    case Command::ac_release:
    case Command::release_resource_group:
      return release(user, command);
    case Command::device_config:
      return configure(user, command);
    case Command::load_constants_rsp:
    case Command::load_elf_rsp:
    case Command::unload_constants_rsp:
    case Command::unload_elf_rsp:
    case Command::activate_rsp:
    case Command::deactivate_rsp:
    case Command::status_rsp:
    case Command::terminate_rsp:
    case Command::reserve_vc_rsp:
    case Command::release_vc_rsp:
    case Command::ac_reservation_rsp:
    case Command::ac_release_rsp:
    case Command::create_resource_group_rsp:
    case Command::release_resource_group_rsp:
    case Command::resource_info_rsp:
    case Command::performance_info_rsp:
    case Command::activate_state_rsp:
    case Command::device_config_rsp:
    case Command::update_ac_reservation_rsp:
      break;
  }
  return only(*type, Status::undefined_request);
}

void Commands::terminate(UserHandle user) {
  activations_.terminate(user);
  networks_.remove_owned_by(user);
  constants_.remove_owned_by(user);
  reservations_.terminate(user);
  if (configurer_ == user) {
    configurer_.reset();
    resources_.dedicated_physical_channels = 0;
  }
}

nnc::StatusResponse Commands::status() const {
  nnc::StatusResponse status;
  status.type = static_cast<std::uint32_t>(Command::status_rsp);
  status.status = static_cast<std::int32_t>(Status::ok);
  status.format_version = nnc::kStatusFormatVersion;
  report(firmware_, status);
  status.hw_version = config_.hw_version;
  base::set_fixed_text(status.hw_serial, config_.hw_serial);
  base::set_fixed_text(status.board_serial, config_.board_serial);
  status.resources = resources_.info();
  status.performance = telemetry_.info(ports_.clock.monotonic());
  status.constants_loaded = static_cast<std::uint32_t>(constants_.items().size());
  status.constants_in_use =
      static_cast<std::uint32_t>(std::count_if(constants_.items().begin(), constants_.items().end(),
                                               [](const auto& item) { return item.second.users != 0; }));
  status.networks_loaded = static_cast<std::uint8_t>(networks_.items().size());
  status.networks_active = static_cast<std::uint8_t>(activations_.active_networks());
  status.metadata_major = nnc::kMetadataMajor;
  status.metadata_minor = nnc::kMetadataMinor;
  status.command_major = nnc::kCommandMajor;
  status.command_minor = nnc::kCommandMinor;
  status.need_reset_to_retire_pages = config_.need_reset_to_retire_pages;
  status.pvs_image_version = config_.pvs_image_version;
  status.nsp_pg_mask = config_.nsp_pg_mask;
  status.qts_time_offset_us = 0;  // the card's clock is the host's
  status.retired_pages = config_.retired_pages;
  status.sku_type = static_cast<std::uint8_t>(config_.sku);
  status.complex_id = config_.complex_id;
  return status;
}

std::vector<std::string> Commands::held() const {
  std::vector<std::string> lines;
  activations_.describe(lines);
  reservations_.describe(lines);
  if (configurer_) {
    lines.push_back(std::to_string(resources_.dedicated_physical_channels) +
                    " dedicated DMA channels of user " + std::to_string(configurer_->value));
  }
  for (const auto& [id, network] : networks_.items()) {
    lines.push_back("network " + std::to_string(id) + " \"" + network.network.name + "\" of user " +
                    std::to_string(network.owner.value));
  }
  for (const auto& [id, constants] : constants_.items()) {
    lines.push_back("constants " + std::to_string(id) + " \"" + constants.name + "\" of user " +
                    std::to_string(constants.owner.value));
  }
  const auto missing = [&](std::uint64_t total, std::uint64_t free, const char* what) {
    if (total != free) lines.push_back(std::to_string(total - free) + " " + what);
  };
  missing(resources_.ddr.total(), resources_.ddr.free(), "bytes of DDR");
  missing(resources_.multicast_ids.total(), resources_.multicast_ids.free(), "multicast ids");
  missing(resources_.nsps.total(), resources_.nsps.free(), "NSPs");
  missing(resources_.semaphores.total(), resources_.semaphores.free(), "semaphores");
  missing(resources_.channels.total(), resources_.channels.free(), "DMA bridge channels");
  return lines;
}

}  // namespace qaic::sim::device
