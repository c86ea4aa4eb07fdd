#include "lib/core/network.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "lib/core/control.hpp"
#include "lib/core/shortage.hpp"
#include "lib/nnc/command.hpp"
#include "lib/nnc/reply.hpp"
#include "lib/nnc/status.hpp"
#include "os/process.hpp"
#include "wire/qpc.hpp"

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using wire::nnc::Command;
using wire::uapi::TransactionType;

constexpr int kAttempts = 5;  // while an NSP restarts; runtime-protocols §2.4
constexpr std::chrono::seconds kBetweenAttempts{1};

bool is_errno(const base::Error& error, int number) {
  return error.domain == base::ErrorDomain::system && error.code == number;
}

bool is_restarting(std::int32_t status) {
  return status == static_cast<std::int32_t>(wire::nnc::Status::subsystem_restart);
}

// A struct of the UAPI without its header, which Message writes itself.
template <class T>
base::Bytes body_of(const T& transaction) {
  return base::Bytes(reinterpret_cast<const std::byte*>(&transaction), sizeof(T))
      .subspan(sizeof(transaction.header));
}

template <class Answer>
Result<Answered<Answer>> ask(const Device& device, base::Bytes command, Command answer,
                             Attachment attachment = {}) {
  return core::ask<Answer>(device.fd(), device.node(), command, answer, attachment);
}

// Host memory that the card may pull while the command in front is handled.
wire::uapi::DmaXfer transfer_of(std::uint32_t tag, base::Bytes bytes) {
  wire::uapi::DmaXfer transfer{};
  transfer.tag = tag;
  transfer.addr = reinterpret_cast<std::uintptr_t>(bytes.data());
  transfer.size = bytes.size();
  return transfer;
}

Error refusal(Device& device, std::int32_t status, const program::Program& program) {
  // Asked only now: it costs a round trip, and what was free before the
  // refusal may not have been what was refused.
  const auto resources = device.resources();
  constexpr auto kGeneral = static_cast<std::int32_t>(wire::nnc::Status::general);
  return on_node(refusal_error(status == 0 ? kGeneral : status, program,  // an id of 0 is a failure too
                               resources ? std::optional(*resources) : std::nullopt),
                 device.node());
}

}  // namespace

std::uint32_t queue_elements(const program::Plan& plan) {
  // The kernel splits a slice where host memory is not contiguous. It takes
  // the largest pieces it can get; 64 KiB stands for a fragmented host.
  constexpr std::uint64_t kPiece = 64 * 1024;
  constexpr std::uint64_t kInferences = 4;
  constexpr std::uint64_t kLeast = 512;  // what programs in the field ask for
  std::uint64_t elements = 1;            // one slot of a queue always stays empty
  for (const auto& bo : plan.bos) {
    for (const auto& slice : bo.slices) elements += 1 + slice.size / kPiece;
  }
  elements = std::clamp<std::uint64_t>(elements * kInferences, kLeast, program::kMaxQueueElements);
  std::uint64_t power = kLeast;
  while (power < elements) power *= 2;
  return static_cast<std::uint32_t>(power);
}

Result<std::unique_ptr<Network>> Network::load(std::shared_ptr<Device> device,
                                               const program::Program& program) {
  std::unique_ptr<Network> network(new Network(std::move(device)));
  QAIC_TRY(const Status card, network->device_->status());
  network->name_ = program.descriptor.network_name;
  network->tensors_ = program.tensors;
  QAIC_TRY(network->plan_, program::plan_submission(program.metadata, program.descriptor));
  // From here on the destructor takes back what was done.
  if (program.has_constants()) {
    QAIC_CHECK(network->load_constants(program));
    QAIC_CHECK(network->load_constants_parts(program));
  }
  QAIC_CHECK(network->load_elf(program, card));
  QAIC_CHECK(network->activate(program));
  return network;
}

Network::~Network() {
  (void)unload();
}

Result<void> Network::load_constants(const program::Program& program) {
  const auto descriptor =
      base::read_struct<wire::qpc::ConstantsDescriptor>(program.constants_descriptor_bytes);
  if (!descriptor) {
    return fail(
        make_error(ErrorKind::bad_input, "qpc-constants", "the description of the constants is cut off"));
  }
  const auto numbering = device_->card_ids().lock();
  QAIC_TRY(const auto answered,
           ask<wire::nnc::LoadConstantsResponse>(
               *device_, nnc::encode(nnc::load_constants_request(os::process_id(), name_), *descriptor),
               Command::load_constants_rsp));
  const auto& reply = answered.reply;
  if (reply.status != 0 || reply.constants_id == 0) return fail(refusal(*device_, reply.status, program));
  constants_ = device_->card_ids().claim(CardIds::Kind::constants, reply.constants_id);
  return {};
}

Result<void> Network::load_constants_parts(const program::Program& program) {
  for (const auto& [bytes, offset] :
       {std::pair{program.static_constants_bytes, std::uint64_t{0}},
        std::pair{program.dynamic_constants_bytes, program.constants.static_size}}) {
    if (!bytes.empty()) {
      QAIC_CHECK(load_constants_part(bytes, offset));
    }
  }
  return {};
}

// The card pulls straight from the given memory (the mapped file), in pieces
// that driver and card agree on; nothing is copied here.
Result<void> Network::load_constants_part(base::Bytes bytes, std::uint64_t offset) {
  const auto transfer = transfer_of(nnc::kConstantsTag, bytes);
  QAIC_TRY(const auto answered,
           ask<wire::nnc::LoadConstantsResponse>(
               *device_,
               nnc::encode(
                   nnc::constants_payload_request(os::process_id(), constants_->id(), bytes.size(), offset)),
               Command::load_constants_rsp, {TransactionType::dma_xfer_from_user, body_of(transfer)}));
  const auto& reply = answered.reply;
  if (reply.status == 0) return {};
  return fail(nnc::card_error(reply.status, "network-refused",
                              device_->node() + ": the card refuses the constants of network " + name_));
}

Result<void> Network::load_elf(const program::Program& program, const Status& card) {
  nnc::MetadataCrcs crcs;
  if ((card.transaction.status_flags & wire::nnc::feature_bit(wire::nnc::Feature::crc)) != 0) {
    crcs = {program.metadata_crc.value_or(0), program.metadata_flatbuffer_crc.value_or(0)};
  }
  const auto request =
      nnc::encode(nnc::load_elf_request(os::process_id(), name_, program.elf_bytes.size(), crcs));
  const auto transfer = transfer_of(nnc::kElfTag, program.elf_bytes);
  const auto numbering = device_->card_ids().lock();
  QAIC_TRY(const auto answered,
           ask<wire::nnc::LoadElfResponse>(*device_, request, Command::load_elf_rsp,
                                           {TransactionType::dma_xfer_from_user, body_of(transfer)}));
  const auto& reply = answered.reply;
  if (reply.status != 0 || reply.elf_id == 0) return fail(refusal(*device_, reply.status, program));
  code_ = device_->card_ids().claim(CardIds::Kind::code, reply.elf_id);
  return {};
}

Result<void> Network::activate(const program::Program& program) {
  const auto request =
      nnc::activate_request(os::process_id(), constants_ ? constants_->id() : 0, code_->id());
  wire::uapi::ActivateToDev queue{};
  queue.queue_size = queue_elements(plan_);
  for (int attempt = 1;; ++attempt) {
    auto numbering = device_->card_ids().lock();
    QAIC_TRY(const auto answered,
             ask<wire::nnc::ActivateResponse>(*device_, nnc::encode(request), Command::activate_rsp,
                                              {TransactionType::activate_from_user, body_of(queue)}));
    const auto& [reply, channel] = answered;
    if (is_restarting(reply.status) && attempt < kAttempts) {
      numbering.unlock();
      std::this_thread::sleep_for(kBetweenAttempts);
      continue;
    }
    if (reply.status != 0) return fail(refusal(*device_, reply.status, program));
    activation_ = device_->card_ids().claim(CardIds::Kind::activation, reply.activation_id);
    if (!channel || channel->status != 0) {
      return fail(make_error(ErrorKind::device, "network-channel",
                             device_->node() + ": network " + name_ + " was activated without a DMA channel",
                             "reset the card if this happens again"));
    }
    channel_ = device_->card_ids().claim(CardIds::Kind::channel, channel->dbc_id);
    bases_ = {reply.ddr_base, reply.dynamic_ddr_base, reply.mcid_base};
    return {};
  }
}

Result<void> Network::deactivate() {
  const Held activation = std::exchange(activation_, nullptr);
  const Held held_channel = std::exchange(channel_, nullptr);
  wire::uapi::Deactivate channel{};
  if (held_channel) channel.dbc_id = held_channel->id();
  CardIds& ids = device_->card_ids();
  for (int attempt = 1;; ++attempt) {
    auto numbering = ids.lock();
    if (activation->is_lost() || (held_channel && held_channel->is_lost())) {
      return fail(channel_lost(channel.dbc_id));
    }
    // The driver lets go of the channel when it is first told to, and would
    // refuse to be told again; it frees the channel when the card confirms.
    const bool release = attempt == 1 && held_channel;
    const auto asked = ask<wire::nnc::StatusOnlyResponse>(
        *device_, nnc::encode(nnc::deactivate_request(activation->id())), Command::deactivate_rsp,
        {TransactionType::deactivate_from_user, release ? body_of(channel) : base::Bytes{}});
    if (asked && is_restarting(asked->reply.status) && attempt < kAttempts) {
      numbering.unlock();
      std::this_thread::sleep_for(kBetweenAttempts);
      continue;
    }
    ids.release(CardIds::Kind::activation, *activation);
    if (held_channel) ids.release(CardIds::Kind::channel, *held_channel);
    if (!asked && release && is_errno(asked.error(), EPERM)) return fail(channel_lost(channel.dbc_id));
    if (!asked) return fail(asked.error());
    const auto& reply = asked->reply;
    if (reply.status == 0) return {};
    auto error = nnc::card_error(
        reply.status, "network-unload",
        device_->node() + ": network " + name_ + " did not end well, its last outputs are not to be trusted");
    error.hint = "a network that crashed ends so; if one that ran before does, reset the card";
    return fail(std::move(error));
  }
}

// The kernel took the channel away from us: its network crashed and is being
// restarted, or the card was reset. The card ended the activation then.
base::Error Network::channel_lost(std::uint32_t channel) const {
  return base::make_error(
      base::ErrorKind::device, "channel-lost",
      device_->node() + ": channel " + std::to_string(channel) + " of network " + name_ +
          " was taken away: it crashed or the card was reset; its last outputs are not to be trusted",
      "load the network again");
}

Result<void> Network::unload_one(CardIds::Kind kind, Held& held, base::Bytes request, Command answer,
                                 const char* part) {
  const Held claim = std::exchange(held, nullptr);
  const auto numbering = device_->card_ids().lock();
  if (claim->is_lost()) {
    return fail(make_error(
        ErrorKind::device, "network-unload",
        device_->node() + ": the card was reset, the " + part + " of network " + name_ + " went with it",
        "load the network again"));
  }
  device_->card_ids().release(kind, *claim);
  QAIC_TRY(const auto answered, ask<wire::nnc::StatusOnlyResponse>(*device_, request, answer));
  const auto& reply = answered.reply;
  if (reply.status == 0) return {};
  return fail(
      nnc::card_error(reply.status, "network-unload",
                      device_->node() + ": the card did not unload the " + part + " of network " + name_));
}

Result<void> Network::unload() {
  Result<void> first;
  const auto note = [&first](Result<void> result) {
    if (first && !result) first = std::move(result);
  };
  if (activation_) note(deactivate());
  if (code_) {
    note(unload_one(CardIds::Kind::code, code_, nnc::encode(nnc::unload_elf_request(code_->id())),
                    Command::unload_elf_rsp, "code"));
  }
  if (constants_) {
    note(unload_one(CardIds::Kind::constants, constants_,
                    nnc::encode(nnc::unload_constants_request(constants_->id())),
                    Command::unload_constants_rsp, "constants"));
  }
  device_->bo_handles().close_idle(device_->fd());  // what was left in flight; its channel is gone
  return first;
}

}  // namespace qaic::core
