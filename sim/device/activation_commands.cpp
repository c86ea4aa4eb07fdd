// Commands that start, change and end activations.
#include <utility>

#include "sim/device/commands.hpp"
#include "sim/device/requests.hpp"
#include "wire/qpc.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using base::UserHandle;
using nnc::Command;
using nnc::Status;
using wire::uapi::TransactionType;

namespace {

template <class T>
ByteVector transaction(TransactionType type, T body) {
  body.header.type = static_cast<std::uint32_t>(type);
  body.header.len = sizeof(T);
  ByteVector out;
  base::append_struct(out, body);
  return out;
}

// A failing one must still name a channel below 16, or the host never sees the
// status (kernel-interface §2.5).
ByteVector activate_from_dev(const nnc::ActivateToDev& queue, Status status, unsigned dbc) {
  nnc::ActivateFromDev body;
  body.status = static_cast<std::uint32_t>(status);
  body.dbc_id = dbc;
  body.options = queue.options.get();
  return transaction(TransactionType::activate_from_dev, body);
}

// What the request asks for that this card does not have. Nothing if all is well.
Status check_options(const nnc::ActivateRequest& request) {
  const auto state = static_cast<nnc::InitialState>(request.initial_state.get());
  const bool known_state = state == nnc::InitialState::standby || state == nnc::InitialState::ready;
  const bool plain = request.reservation_type == 0 && request.opt_vc_setup == 1 && request.dma_type == 0 &&
                     request.datapath_switching == 0;
  return known_state && plain ? Status::ok : Status::bad_parameter;
}

// May this user run this network on these constants?
Status check_use(UserHandle user, const LoadedNetwork* network, const Constants* constants,
                 std::uint32_t constants_id) {
  if (network == nullptr || (constants == nullptr && constants_id != 0)) return Status::database_id_not_found;
  if (network->owner != user || (constants != nullptr && constants->owner != user))
    return Status::not_permitted;
  if (network->network.exec_context_major != wire::qpc::kExecContextMajor)
    return Status::exec_context_version;
  const std::uint64_t needed = network->network.constants_size;
  if (needed != 0 && (constants == nullptr || constants->size < needed)) return Status::bad_parameter;
  if (constants != nullptr && constants->received < constants->size) return Status::not_initialised;
  return Status::ok;
}

}  // namespace

Commands::Outcome Commands::activate(UserHandle user, Bytes command, const Attached& attached) {
  const auto refused = [&](Status status) {
    Outcome outcome = only(Command::activate, status);
    if (attached.queue != nullptr) outcome.transaction = activate_from_dev(*attached.queue, status, 0);
    return outcome;
  };
  const auto request = read_command<nnc::ActivateRequest>(command);
  if (!request) return refused(Status::command_length);
  if (attached.queue == nullptr) return refused(Status::bad_parameter);  // a channel needs its queue
  if (const Status status = check_options(*request); status != Status::ok) return refused(status);
  LoadedNetwork* const network = networks_.find(request->elf_id);
  Constants* const constants = request->constants_id == 0 ? nullptr : constants_.find(request->constants_id);
  if (const Status status = check_use(user, network, constants, request->constants_id);
      status != Status::ok) {
    return refused(status);
  }
  auto use = reservations_.use(user, request->resource_res_id, request->vc_res_id);
  if (!use) return refused(use.error());
  const auto activated = activations_.activate(user, *network, constants, std::move(*use), *attached.queue,
                                               static_cast<nnc::InitialState>(request->initial_state.get()));
  if (!activated) return refused(activated.error());

  nnc::ActivateResponse response;
  response.type = static_cast<std::uint32_t>(Command::activate_rsp);
  response.activation_id = activated->id;
  response.virtual_channel_id = activated->dbc;
  response.ddr_base = activated->ddr_base;
  response.dynamic_ddr_base = activated->dynamic_ddr_base;
  response.mcid_base = activated->mcid_base;
  response.mcid_base_dma_cmd = activated->mcid_base;  // inferred: one view of the windows
  response.nsp_mask = activated->nsp_mask;
  Outcome outcome;
  base::append_struct(outcome.response, response);
  outcome.transaction = activate_from_dev(*attached.queue, Status::ok, activated->dbc);
  return outcome;
}

Commands::Outcome Commands::deactivate(UserHandle user, Bytes command) {
  const auto request = read_command<nnc::DeactivateRequest>(command);
  if (!request) return only(Command::deactivate, Status::command_length);
  // Without teardown the host would lose a channel that the card keeps.
  if (request->opt_vc_teardown != 1) return only(Command::deactivate, Status::bad_parameter);
  const Status status = activations_.deactivate(user, request->activation_id);
  // No DEACTIVATE_FROM_DEV with a refusal: it would give the caller somebody
  // else's channel (kernel-interface §2.5).
  if (status != Status::ok) return only(Command::deactivate, status);
  return {{}, {}, request->activation_id};
}

// The channel is free whatever the network did at the end, so the transaction
// always succeeds; the command's status tells.
Commands::Outcome Commands::deactivated(const Activations::Deactivated& end) {
  Outcome outcome = only(Command::deactivate, end.status);
  nnc::DeactivateFromDev body;
  body.dbc_id = end.dbc;
  outcome.transaction = transaction(TransactionType::deactivate_from_dev, body);
  return outcome;
}

// In order; the first refusal ends it, what was done before stays.
Commands::Outcome Commands::change_state(UserHandle user, Bytes command) {
  const auto request = read_command<nnc::ActivateStateRequest>(command);
  if (!request) return only(Command::activate_state, Status::command_length);
  if (request->count == 0 || request->count > nnc::kMaxStateCommands) {
    return only(Command::activate_state, Status::bad_parameter);
  }
  Status status = Status::ok;
  for (std::size_t i = 0; i < request->count && status == Status::ok; ++i) {
    status = activations_.change_state(user, request->entries[i].activation_id, request->entries[i].command);
  }
  return only(Command::activate_state, status);
}

}  // namespace qaic::sim::device
