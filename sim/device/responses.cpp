#include "sim/device/responses.hpp"

#include <cstddef>
#include <cstring>

#include "wire/nnc_reservations.hpp"

namespace qaic::sim::device {

namespace {

using wire::nnc::Command;

struct Form {
  std::uint32_t response;
  std::size_t size;
  std::size_t status_offset;
};

Form form_of(std::uint32_t command) {
  switch (static_cast<Command>(command)) {
    case Command::load_constants:
    case Command::load_constants_ex:
    case Command::load_constants_payload:
      return {static_cast<std::uint32_t>(Command::load_constants_rsp),
              sizeof(wire::nnc::LoadConstantsResponse), offsetof(wire::nnc::LoadConstantsResponse, status)};
    case Command::load_elf:
      return {command + 1, sizeof(wire::nnc::LoadElfResponse), offsetof(wire::nnc::LoadElfResponse, status)};
    case Command::activate:
      return {command + 1, sizeof(wire::nnc::ActivateResponse),
              offsetof(wire::nnc::ActivateResponse, status)};
    case Command::status:
      return {command + 1, sizeof(wire::nnc::StatusResponse), offsetof(wire::nnc::StatusResponse, status)};
    case Command::reserve_vc:
      return {command + 1, sizeof(wire::nnc::ReserveVcResponse),
              offsetof(wire::nnc::ReserveVcResponse, status)};
    case Command::ac_reservation:
    case Command::create_resource_group:
      return {command + 1, sizeof(wire::nnc::ReservationResponse),
              offsetof(wire::nnc::ReservationResponse, status)};
    case Command::resource_info:
      return {command + 1, sizeof(wire::nnc::ResourceInfoResponse),
              offsetof(wire::nnc::ResourceInfoResponse, status)};
    case Command::performance_info:
      return {command + 1, sizeof(wire::nnc::PerformanceInfoResponse),
              offsetof(wire::nnc::PerformanceInfoResponse, status)};
    case Command::unload_constants:
    case Command::unload_elf:
    case Command::deactivate:
    case Command::terminate:
    case Command::release_vc:
    case Command::ac_release:
    case Command::release_resource_group:
    case Command::activate_state:
    case Command::device_config:
    case Command::update_ac_reservation:
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
  return {command + 1, sizeof(wire::nnc::StatusOnlyResponse),
          offsetof(wire::nnc::StatusOnlyResponse, status)};
}

}  // namespace

std::size_t response_size(std::uint32_t command) {
  return form_of(command).size;
}

base::ByteVector status_response(std::uint32_t command, wire::nnc::Status status) {
  const Form form = form_of(command);
  base::ByteVector out(form.size);
  const base::le32 number(form.response);
  const base::sle32 code(static_cast<std::int32_t>(status));
  std::memcpy(out.data(), &number, sizeof(number));
  std::memcpy(out.data() + form.status_offset, &code, sizeof(code));
  return out;
}

}  // namespace qaic::sim::device
