#include "lib/core/control.hpp"

#include <cerrno>
#include <cstring>

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using wire::uapi::TransactionType;

Error manage_error(int number, const std::string& node) {
  const auto error = [&](ErrorKind kind, const char* id, const char* what, const char* hint) {
    Error made = base::system_error(number, id, node + ": " + what, hint);
    made.kind = kind;
    return made;
  };
  switch (number) {
    case ENODEV:
      return error(ErrorKind::unavailable, "device-offline", "the card is not online",
                   "try again when qaic-util health calls the card ok");
    case ETIMEDOUT:
      return error(ErrorKind::deadline, "manage-deadline", "the card did not answer the driver in time",
                   "reset the card if this happens again");
    case EIO:
      return error(ErrorKind::device, "manage-reset", "the card was reset or lost while it was asked",
                   "try again when qaic-util health calls the card ok");
    case EPIPE:
      return error(ErrorKind::device, "manage-crc", "the card's answer was damaged on its way",
                   "reset the card; if it happens again, the hardware is suspect");
    case EAGAIN:
    case EINTR:
    case ENOMEM:
      return error(ErrorKind::unavailable, "manage-busy", "the driver could not pass the request on",
                   "try again");
    default:
      return error(ErrorKind::device, "manage-failed", "the driver refused the request", "");
  }
}

template <class T>
std::optional<T> read_body(const uapi::Transaction& transaction) {
  T value{};
  if (transaction.body.size() < sizeof(T) - sizeof(value.header)) return std::nullopt;
  std::memcpy(reinterpret_cast<std::byte*>(&value) + sizeof(value.header), transaction.body.data(),
              sizeof(T) - sizeof(value.header));
  return value;
}

}  // namespace

base::Error on_node(Error error, const std::string& node) {
  error.what.insert(0, node + ": ");
  return error;
}

base::Result<Reply> exchange(int fd, uapi::Message& message, const std::string& node) {
  Reply reply;
  if (const auto sent = message.send(fd); !sent) {
    if (sent.error().value != ECANCELED) return fail(manage_error(sent.error().value, node));
    reply.refused = true;
  }
  const auto malformed = [&] {
    return fail(make_error(ErrorKind::device, "manage-reply", node + ": the card's reply cannot be read"));
  };
  auto reader = message.read();
  for (;;) {
    switch (reader.next()) {
      case uapi::Message::Reader::Step::end:
        return reply;
      case uapi::Message::Reader::Step::malformed:
        return malformed();
      case uapi::Message::Reader::Step::transaction:
        break;
    }
    const uapi::Transaction& transaction = reader.transaction();
    // The driver hands the wire's own numbers on; the UAPI header documents
    // others, so either is taken.
    if (transaction.type == TransactionType::passthrough_from_dev ||
        transaction.type == TransactionType::passthrough_to_user) {
      if (reply.command) return malformed();
      reply.command = transaction.body;
    } else if (transaction.type == TransactionType::activate_from_dev) {
      reply.activation = read_body<wire::uapi::ActivateFromDev>(transaction);
      if (!reply.activation) return malformed();
    } else if (transaction.type == TransactionType::status_from_dev ||
               transaction.type == TransactionType::status_to_user) {
      reply.transaction_status = read_body<wire::uapi::StatusFromDev>(transaction);
      if (!reply.transaction_status) return malformed();
    } else {
      return malformed();
    }
  }
}

base::Result<base::Bytes> command_of(const Reply& reply, const std::string& node) {
  if (reply.command) return *reply.command;
  return fail(make_error(ErrorKind::device, "manage-reply",
                         node + (reply.refused ? ": the card refused and gave no reason"
                                               : ": the card's reply has no answer to the command")));
}

}  // namespace qaic::core
