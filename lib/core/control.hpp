// One request to the card and its answer, through MANAGE. Source:
// kernel-interface §1.5, §1.10.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/nnc/reply.hpp"
#include "lib/uapi/manage.hpp"
#include "wire/nnc.hpp"
#include "wire/uapi.hpp"

namespace qaic::core {

// What came back, sorted by kind; spans point into the Message. A message of
// ours holds at most one command, so its reply does too.
struct Reply {
  std::optional<base::Bytes> command;                     // body of the passthrough
  std::optional<wire::uapi::ActivateFromDev> activation;  // what the driver made of an activation
  std::optional<wire::uapi::StatusFromDev> transaction_status;
  bool refused = false;  // ECANCELED: the reply says why
};

// Sends `message` over `fd` and sorts the reply. `node` is for the text of
// errors only. Blocks until the card answers, is reset, or the driver gives up
// (60 s by default); any thread. Errors: device-offline (unavailable),
// manage-deadline, manage-reset, manage-crc, manage-busy, manage-failed,
// manage-reply (the reply cannot be read).
[[nodiscard]] base::Result<Reply> exchange(int fd, uapi::Message& message, const std::string& node);

// The command part of a reply, or an error that says it is missing.
[[nodiscard]] base::Result<base::Bytes> command_of(const Reply& reply, const std::string& node);

// A transaction for the driver that goes behind a command.
struct Attachment {
  wire::uapi::TransactionType type{};
  base::Bytes body;  // without the header; empty = none
};

// The checked answer to a command, and what the driver made of an activation.
// The answer's own status is the caller's to look at.
template <base::WireStruct Answer>
struct Answered {
  Answer reply;
  std::optional<wire::uapi::ActivateFromDev> channel;
};

// `error` with the node in front of its text.
[[nodiscard]] base::Error on_node(base::Error error, const std::string& node);

// Sends one command and reads its answer. Errors: those of exchange() and of
// nnc::parse_reply(); manage-too-long.
template <base::WireStruct Answer>
[[nodiscard]] base::Result<Answered<Answer>> ask(int fd, const std::string& node, base::Bytes command,
                                                 wire::nnc::Command answer, Attachment attachment = {}) {
  uapi::Message message;
  if (!message.append(wire::uapi::TransactionType::passthrough_from_user, command) ||
      (!attachment.body.empty() && !message.append(attachment.type, attachment.body))) {
    return base::fail(base::make_error(base::ErrorKind::internal, "manage-too-long",
                                       node + ": a request does not fit its message"));
  }
  QAIC_TRY(const Reply reply, exchange(fd, message, node));
  QAIC_TRY(const base::Bytes body, command_of(reply, node));
  auto parsed = nnc::parse_reply<Answer>(body, answer);
  if (!parsed) return base::fail(on_node(std::move(parsed).error(), node));
  return Answered<Answer>{*parsed, reply.activation};
}

}  // namespace qaic::core
