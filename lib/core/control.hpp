// One request to the card and its answer, through MANAGE. Source:
// kernel-interface §1.5, §1.10.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/uapi/manage.hpp"
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

}  // namespace qaic::core
