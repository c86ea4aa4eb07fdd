// MANAGE: one request to the card and its reply, as a call that can sleep at
// several points. Source: kernel-interface §1.5, §2.6, §2.7.
#include <algorithm>
#include <chrono>
#include <utility>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::nnc::DmaXferCont;
using wire::nnc::MessageHeader;
using wire::uapi::TransactionType;

// 20 looks at the control ring, 100 ms apart.
constexpr std::chrono::milliseconds kRingPatience{2000};
// The driver reads whole structs even where a transaction says it is shorter.
constexpr std::size_t kOverread = 64;

}  // namespace

std::optional<int> Driver::State::manage(Caller caller, std::uint64_t argument, base::Bytes argument_bytes,
                                         const wire::uapi::ManageMessage& args) {
  auto call = std::make_unique<Manage>();
  call->argument = argument;
  call->argument_bytes.assign(argument_bytes.begin(), argument_bytes.end());
  call->user = args;
  call->data.resize(wire::uapi::kMaxManageBytes + kOverread);
  int error = 0;
  if (phase != Phase::online) {
    error = ENODEV;
  } else if (args.len > wire::uapi::kMaxManageBytes || args.count > wire::uapi::kMaxManageTransactions) {
    error = EINVAL;
  } else if (args.len != 0 &&
             !caller.client->read(args.data, base::MutableBytes(call->data).first(args.len))) {
    error = EFAULT;
  } else if (args.count == 0 || args.len < sizeof(wire::uapi::TransactionHeader)) {
    error = EINVAL;
  }
  if (error != 0) {
    return argument_bytes.empty() || caller.client->write(argument, argument_bytes) ? -error : -EFAULT;
  }
  ++caller.file->calls;
  call->caller = std::move(caller);
  manages.push_back(std::move(call));
  pump();
  return std::nullopt;
}

bool Driver::State::advance(Manage& manage) {
  switch (manage.step) {
    case Manage::Step::encode:
      if (manage.blocked_on != nullptr && manage.blocked_on->sleepers != 0) return false;
      manage.blocked_on = nullptr;
      encode(manage);
      return true;
    case Manage::Step::control:
      if (control_taken()) return false;
      transmit(manage);
      return true;
    case Manage::Step::ring:
      if (now() < manage.deadline) return false;
      finish(manage, -EAGAIN);
      return true;
    case Manage::Step::reply:
      if (now() < manage.deadline) return false;
      finish(manage, -ETIMEDOUT);
      return true;
    case Manage::Step::decode:
      if (manage.blocked_on != nullptr && manage.blocked_on->in_use) return false;
      manage.blocked_on = nullptr;
      decode(manage);
      return true;
    case Manage::Step::finished:
      return false;
  }
  return false;
}

void Driver::State::transmit(Manage& manage) {
  if (phase != Phase::online) return finish(manage, -EIO);  // it went while the call slept
  if (control_taken()) {
    manage.step = Manage::Step::control;
    if (manage.abandoned) finish(manage, -EINTR);
    return;
  }
  manage.sequence = next_sequence++;
  if (manage.message.descriptors() > ControlMessage::kRingDescriptors) {
    manage.step = Manage::Step::ring;
    manage.deadline = now() + kRingPatience;
  } else {
    manage.step = Manage::Step::reply;
    manage.deadline = now() + parameters.control_resp_timeout;
    card.control(manage.message.seal(manage.sequence, manage.caller.file->user, ControlMessage::kNoPartition,
                                     uses_crc));
  }
  // A signal that came while the call could not be interrupted counts here.
  if (manage.abandoned) finish(manage, -EINTR);
}

bool Driver::State::control_taken() const {
  return std::any_of(manages.begin(), manages.end(),
                     [](const auto& manage) { return manage->step == Manage::Step::ring; });
}

void Driver::State::take_reply(base::ByteVector reply) {
  const auto header = base::read_struct<MessageHeader>(reply);
  if (!header || header->magic != wire::nnc::kMagic) return;  // the driver drops it
  const std::uint32_t sequence = header->sequence_number;
  if (handshake_sequence == sequence && phase == Phase::boot) return end_handshake(reply);
  for (const auto& file : files) {
    if (file->terminating && file->terminate_sequence == sequence) return end_close(*file);
  }
  const auto at = std::find_if(manages.begin(), manages.end(), [&](const auto& manage) {
    return manage->step == Manage::Step::reply && manage->sequence == sequence;
  });
  if (at == manages.end()) return decode_orphan(reply);

  Manage& manage = **at;
  drop_mappings(manage);
  if (expects_crc && !reply_intact(reply)) return finish(manage, -EPIPE);
  const auto continuation = base::read_struct<DmaXferCont>(reply, sizeof(MessageHeader));
  if (header->count == 1 && continuation &&
      continuation->header.type == static_cast<std::uint32_t>(TransactionType::dma_xfer_cont)) {
    if (manage.chunk_id == 0 || continuation->dma_chunk_id != manage.chunk_id ||
        continuation->xferred_size != manage.chunk_transferred) {
      manage.step = Manage::Step::decode;  // answered: nothing stays with the card
      return finish(manage, -EINVAL);
    }
    manage.message = {};
    if (!encode_dma(manage, manage.chunk)) encode_abort(manage);
    return transmit(manage);
  }
  manage.step = Manage::Step::decode;
  manage.reply = std::move(reply);
  manage.index = 0;
  manage.offset = sizeof(MessageHeader);
  manage.out_len = 0;
  decode(manage);
}

void Driver::State::drop_mappings(Manage& manage) {
  for (const auto start : manage.mappings) bus.unmap(start);
  manage.mappings.clear();
}

void Driver::State::finish(Manage& manage, int result) {
  drop_mappings(manage);
  if (manage.queue) {
    // Without an answer the card may hold the channel active until TERMINATE.
    if (manage.step == Manage::Step::reply) manage.caller.file->leaked.push_back(std::move(manage.queue));
    manage.queue.reset();
  }
  manage.step = Manage::Step::finished;
  if (manage.abandoned) return end_call(manage.caller, std::nullopt);

  ClientMemory& client = *manage.caller.client;
  if (result == 0 || result == -ECANCELED) {
    const auto out = base::Bytes(manage.data).first(manage.out_len);
    if (!out.empty() && !client.write(manage.user.data, out)) {
      result = -EFAULT;
    } else {
      manage.user.len = manage.out_len;
    }
  }
  std::memcpy(manage.argument_bytes.data(), &manage.user,
              std::min(manage.argument_bytes.size(), sizeof(manage.user)));
  if (!manage.argument_bytes.empty() && !client.write(manage.argument, manage.argument_bytes))
    result = -EFAULT;
  end_call(manage.caller, result);
}

// What the call returns; nothing: it may be made again, as the signal's handler wants.
std::optional<int> Driver::State::abandon(Manage& manage) {
  manage.abandoned = true;
  std::optional<int> result;
  switch (manage.step) {
    case Manage::Step::encode:  // not interruptible
    case Manage::Step::finished:
      return std::nullopt;
    case Manage::Step::decode:
      if (manage.queue) manage.caller.file->leaked.push_back(std::move(manage.queue));
      break;
    case Manage::Step::control:
      result = -EINTR;
      break;
    case Manage::Step::ring:  // the last attempt is made at once
      result = -EAGAIN;
      break;
    case Manage::Step::reply:
      break;
  }
  finish(manage, -EINTR);
  return result;
}

void Driver::State::reclaim() {
  std::erase_if(manages, [](const auto& manage) { return manage->step == Manage::Step::finished; });
}

}  // namespace qaic::sim::driver
