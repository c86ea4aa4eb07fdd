// Replies of the card. Source: kernel-interface §2.2, §2.5, §2.7.
#include <algorithm>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::nnc::MessageHeader;
using wire::uapi::TransactionType;

constexpr unsigned kStateIdle = 0;
constexpr unsigned kStateAssigned = 1;

// The whole message if its header tells the truth about it, else nothing.
base::Bytes framed(base::Bytes reply) {
  const auto header = base::read_struct<MessageHeader>(reply);
  if (!header || header->len < sizeof(MessageHeader) || header->len > wire::nnc::kMaxFromDevice ||
      header->len > reply.size()) {
    return {};
  }
  return reply.first(header->len);
}

// The transaction at `offset`, or nothing if it is cut off.
std::optional<base::Bytes> transaction_at(base::Bytes message, std::size_t offset) {
  const auto header = base::read_struct<wire::nnc::TransactionHeader>(message, offset);
  if (!header || header->len < sizeof(*header)) return std::nullopt;
  return base::slice(message, offset, header->len);
}

}  // namespace

bool Driver::State::reply_intact(base::Bytes reply) const {
  const auto message = framed(reply);
  const auto header = base::read_struct<MessageHeader>(message);
  return header && header->crc32 == message_crc(message);
}

void Driver::State::decode(Manage& manage) {
  const base::Bytes message = framed(manage.reply);
  if (message.empty()) return finish(manage, -EINVAL);
  const std::uint32_t count = base::read_struct<MessageHeader>(message)->count;
  manage.user.count = count;
  while (manage.index < count) {
    const auto transaction = transaction_at(message, static_cast<std::size_t>(manage.offset));
    if (!transaction) return finish(manage, -EINVAL);
    const std::uint32_t type = base::read_struct<wire::nnc::TransactionHeader>(*transaction)->type;
    const auto decoded = decode_transaction(manage, *transaction, type);
    if (manage.blocked_on != nullptr) return;  // the same transaction again later
    if (!decoded) return finish(manage, -decoded.error());
    manage.offset += transaction->size();
    ++manage.index;
  }
  finish(manage, manage.offset == message.size() ? 0 : -EINVAL);
}

Answer<void> Driver::State::decode_transaction(Manage& manage, base::Bytes transaction, std::uint32_t type) {
  const auto copy_out = [&] {
    std::copy(transaction.begin(), transaction.end(), manage.data.begin() + manage.out_len);
    manage.out_len += static_cast<std::uint32_t>(transaction.size());
  };
  const bool fits = manage.out_len + transaction.size() <= wire::uapi::kMaxManageBytes;
  switch (static_cast<TransactionType>(type)) {
    case TransactionType::passthrough_from_dev:
      if (transaction.size() % 8 != 0) return refuse(EINVAL);
      if (!fits) return refuse(ENOSPC);
      copy_out();
      return {};
    case TransactionType::activate_from_dev: {
      const auto in = base::read_struct<wire::nnc::ActivateFromDev>(transaction);
      if (!in || transaction.size() != sizeof(*in)) return refuse(EINVAL);
      if (!fits) return refuse(ENOSPC);
      if (!manage.queue) return refuse(EINVAL);
      if (in->dbc_id >= dbcs.size()) return refuse(ENODEV);
      if (in->status != 0) {
        copy_out();
        return refuse(ECANCELED);
      }
      Dbc& dbc = dbcs[in->dbc_id];
      if (dbc.in_use) {
        manage.blocked_on = &dbc;
        return {};
      }
      copy_out();
      dbc.queue = std::move(manage.queue);
      dbc.queue_user = manage.caller.file;
      dbc.in_use = true;
      dbc.owner = manage.caller.file;
      set_state(dbc, kStateAssigned);
      return {};
    }
    case TransactionType::deactivate_from_dev: {
      const auto in = base::read_struct<wire::nnc::DeactivateFromDev>(transaction);
      if (!in || transaction.size() != sizeof(*in)) return refuse(EINVAL);
      if (in->dbc_id >= dbcs.size()) return refuse(ENODEV);
      Dbc& dbc = dbcs[in->dbc_id];
      if (in->status != 0) {
        if (dbc.in_use && dbc.queue_user == manage.caller.file) dbc.owner = manage.caller.file;
        return refuse(ECANCELED);
      }
      release_channel(dbc);
      set_state(dbc, kStateIdle);
      return {};
    }
    case TransactionType::status_from_dev: {
      const auto in = base::read_struct<wire::nnc::StatusFromDev>(transaction);
      if (!in || transaction.size() != sizeof(*in)) return refuse(EINVAL);
      if (!fits) return refuse(ENOSPC);
      copy_out();
      if (in->status != 0) return refuse(ECANCELED);
      if ((in->flags & wire::nnc::feature_bit(wire::nnc::Feature::crc)) != 0 && !reply_intact(manage.reply)) {
        return refuse(EPIPE);
      }
      return {};
    }
    case TransactionType::undefined:
    case TransactionType::passthrough_from_user:
    case TransactionType::passthrough_to_user:
    case TransactionType::passthrough_to_dev:
    case TransactionType::dma_xfer_from_user:
    case TransactionType::dma_xfer_to_dev:
    case TransactionType::activate_from_user:
    case TransactionType::activate_to_dev:
    case TransactionType::deactivate_from_user:
    case TransactionType::status_from_user:
    case TransactionType::status_to_user:
    case TransactionType::status_to_dev:
    case TransactionType::terminate_from_dev:
    case TransactionType::terminate_to_dev:
    case TransactionType::dma_xfer_cont:
    case TransactionType::validate_partition_from_dev:
    case TransactionType::validate_partition_to_dev:
      break;
  }
  return refuse(EINVAL);
}

// A reply that nobody waits for: only a deactivation in it counts.
void Driver::State::decode_orphan(base::Bytes reply) {
  const base::Bytes message = framed(reply);
  const auto header = base::read_struct<MessageHeader>(message);
  if (!header) return;
  std::size_t offset = sizeof(MessageHeader);
  for (std::uint32_t i = 0; i < header->count; ++i) {
    const auto transaction = transaction_at(message, offset);
    if (!transaction) return;
    offset += transaction->size();
    const auto in = base::read_struct<wire::nnc::DeactivateFromDev>(*transaction);
    if (!in || in->header.type != static_cast<std::uint32_t>(TransactionType::deactivate_from_dev)) continue;
    if (transaction->size() != sizeof(*in) || in->dbc_id >= dbcs.size()) return;
    release_channel(dbcs[in->dbc_id]);
    set_state(dbcs[in->dbc_id], kStateIdle);
  }
}

}  // namespace qaic::sim::driver
