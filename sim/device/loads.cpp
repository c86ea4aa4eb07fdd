// Commands that bring constants and networks onto the card, and away again.
#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "sim/device/commands.hpp"
#include "sim/device/requests.hpp"
#include "wire/qpc.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using base::UserHandle;
using nnc::Command;
using nnc::Status;

namespace {

constexpr std::uint64_t kLargestElf = 1U << 28;  // bytes; the model's limit

Commands::Outcome constants_outcome(std::uint32_t id) {
  nnc::LoadConstantsResponse response;
  response.type = static_cast<std::uint32_t>(Command::load_constants_rsp);
  response.constants_id = id;
  Commands::Outcome outcome;
  base::append_struct(outcome.response, response);
  return outcome;
}

Transfer refused(std::uint32_t tag, Status status) {
  Transfer transfer;
  transfer.tag = tag;
  transfer.status = status;
  return transfer;
}

}  // namespace

// Makes room for both parts at once; the payload follows in its own messages.
Commands::Outcome Commands::load_constants(UserHandle user, Bytes command) {
  constexpr auto kCommand = Command::load_constants_ex;
  using Descriptor = wire::qpc::ConstantsDescriptor;
  const auto request = read_command<nnc::LoadConstantsExRequest>(command, sizeof(Descriptor));
  if (!request) return only(kCommand, Status::command_length);
  if (request->descriptor_len != sizeof(Descriptor)) return only(kCommand, Status::bad_parameter);
  const auto descriptor = base::read_struct<Descriptor>(command, sizeof(*request));
  const auto size = base::checked_add<std::uint64_t>(descriptor->static_size, descriptor->dynamic_size);
  if (!size) return only(kCommand, Status::memory_exhausted);
  if (*size == 0) return only(kCommand, Status::bad_parameter);
  if (constants_.full()) return only(kCommand, Status::database_ids_exhausted);
  auto memory = resources_.ddr.take(*size);
  if (!memory) return only(kCommand, Status::memory_exhausted);
  Constants constants{user, base::fixed_text(request->name), std::move(*memory), *size, 0, 0};
  return constants_outcome(constants_.add(std::move(constants)));
}

std::optional<Transfer> Commands::expect(UserHandle user, Bytes command) {
  const auto type = number(command);
  if (type == Command::load_elf) {
    if (const auto request = read_command<nnc::LoadElfRequest>(command)) return expect_elf(*request);
  }
  if (type == Command::load_constants) {
    if (const auto request = read_command<nnc::LoadConstantsRequest>(command))
      return expect_constants(*request);
  }
  if (type == Command::load_constants_payload) {
    if (const auto request = read_command<nnc::LoadConstantsPayloadRequest>(command)) {
      return expect_payload(user, *request);
    }
  }
  return std::nullopt;
}

Transfer Commands::expect_elf(const nnc::LoadElfRequest& request) {
  if (request.data_length == 0) return refused(request.tag, Status::bad_parameter);
  if (networks_.full()) return refused(request.tag, Status::database_ids_exhausted);
  if (request.data_length > kLargestElf) return refused(request.tag, Status::memory_exhausted);
  auto memory = resources_.ddr.take(request.data_length);
  if (!memory) return refused(request.tag, Status::memory_exhausted);
  Transfer transfer;
  transfer.tag = request.tag;
  transfer.total = request.data_length;
  transfer.memory = std::move(*memory);
  return transfer;
}

// The old form: constants of one part that arrive with the command.
Transfer Commands::expect_constants(const nnc::LoadConstantsRequest& request) {
  if (request.data_length == 0) return refused(request.tag, Status::bad_parameter);
  if (constants_.full()) return refused(request.tag, Status::database_ids_exhausted);
  auto memory = resources_.ddr.take(request.data_length);
  if (!memory) return refused(request.tag, Status::memory_exhausted);
  Transfer transfer;
  transfer.tag = request.tag;
  transfer.total = request.data_length;
  transfer.into = ports_.cores.ddr().subspan(static_cast<std::size_t>(memory->offset()),
                                             static_cast<std::size_t>(transfer.total));
  transfer.memory = std::move(*memory);
  return transfer;
}

// What its CRC covers nobody says; it is not checked, nor are LOAD_ELF's.
Commands::Outcome Commands::load_old_constants(UserHandle user, Transfer* transfer, Bytes command) {
  constexpr auto kCommand = Command::load_constants;
  const auto request = read_command<nnc::LoadConstantsRequest>(command);
  if (!request || transfer == nullptr) return only(kCommand, Status::command_length);
  if (transfer->status != Status::ok) return only(kCommand, transfer->status);
  if (!transfer->complete()) return only(kCommand, Status::dma_setup);
  telemetry_.moved(ports_.clock.monotonic(), transfer->total);
  Constants constants{
      user, base::fixed_text(request->name), std::move(transfer->memory), transfer->total, transfer->total,
      0};
  return constants_outcome(constants_.add(std::move(constants)));
}

// Straight into the card's DDR: a gigabyte of weights is nowhere twice.
Transfer Commands::expect_payload(UserHandle user, const nnc::LoadConstantsPayloadRequest& request) {
  Constants* const constants = constants_.find(request.constants_id);
  if (constants == nullptr) return refused(request.tag, Status::database_id_not_found);
  if (constants->owner != user) return refused(request.tag, Status::not_permitted);
  const std::uint64_t offset = request.offset;
  const std::uint64_t length = request.data_length;
  if (length == 0 || offset > constants->size || length > constants->size - offset) {
    return refused(request.tag, Status::bad_parameter);
  }
  Transfer transfer;
  transfer.tag = request.tag;
  transfer.total = length;
  transfer.into = ports_.cores.ddr().subspan(static_cast<std::size_t>(constants->memory.offset() + offset),
                                             static_cast<std::size_t>(length));
  transfer.pin = Pin(constants->users);
  return transfer;
}

Commands::Outcome Commands::load_payload(Transfer* transfer, Bytes command) {
  constexpr auto kCommand = Command::load_constants_payload;
  const auto request = read_command<nnc::LoadConstantsPayloadRequest>(command);
  if (!request || transfer == nullptr) return only(kCommand, Status::command_length);
  if (transfer->status != Status::ok) return only(kCommand, transfer->status);
  if (!transfer->complete()) return only(kCommand, Status::dma_setup);
  Constants* const constants = constants_.find(request->constants_id);  // pinned by the transfer
  if (constants == nullptr) return only(kCommand, Status::database_id_not_found);
  constants->received += transfer->total;
  telemetry_.moved(ports_.clock.monotonic(), transfer->total);
  return constants_outcome(request->constants_id);
}

Commands::Outcome Commands::load_elf(UserHandle user, Transfer* transfer) {
  constexpr auto kCommand = Command::load_elf;
  if (transfer == nullptr) return only(kCommand, Status::command_length);
  if (transfer->status != Status::ok) return only(kCommand, transfer->status);
  if (!transfer->complete()) return only(kCommand, Status::dma_setup);
  telemetry_.moved(ports_.clock.monotonic(), transfer->total);
  auto network = read_network(transfer->staging);
  if (!network) {
    journal_.add("LOAD_ELF: " + network.error().what);
    return only(kCommand, Status::metadata_mismatch);
  }
  // What the simulated cores cannot execute: no status is meant for it, -5 says
  // "not for this card".
  if (const auto checked = ports_.cores.check_code(network->segments); config_.latency.execute && !checked) {
    journal_.add("LOAD_ELF of \"" + network->name + "\": " + checked.error().what);
    return only(kCommand, Status::metadata_mismatch);
  }
  nnc::LoadElfResponse response;
  response.type = static_cast<std::uint32_t>(Command::load_elf_rsp);
  response.elf_id = networks_.add({user, std::move(*network), std::move(transfer->memory), 0});
  Outcome outcome;
  base::append_struct(outcome.response, response);
  return outcome;
}

Commands::Outcome Commands::unload(UserHandle user, Bytes command) {
  const Command type = *number(command);
  const auto request = read_command<nnc::UnloadRequest>(command);
  if (!request) return only(type, Status::command_length);
  const auto remove = [&](auto& store) {
    const auto* const item = store.find(request->id);
    if (item == nullptr) return Status::database_id_not_found;
    if (item->owner != user || item->users != 0) return Status::not_permitted;
    store.remove(request->id);
    return Status::ok;
  };
  return only(type, type == Command::unload_elf ? remove(networks_) : remove(constants_));
}

}  // namespace qaic::sim::device
