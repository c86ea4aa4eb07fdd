// Replies of the card's command protocol: checked, copied, as values. Pure;
// safe from any thread. Source: runtime-protocols §2.2, §3.1.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/nnc.hpp"

namespace qaic::nnc {

// What the first words of a reply say, before its own layout is read.
// Errors: nnc-reply (too short, or an answer to something else); card-status
// when a card that does not know a command answers in eight bytes.
[[nodiscard]] base::Result<void> check_reply(base::Bytes body, wire::nnc::Command expected, std::size_t size);

// The reply `expected` as its struct; more bytes than the struct are allowed
// (firmware pads). The caller looks at its status. Errors: as check_reply().
template <base::WireStruct Reply>
[[nodiscard]] base::Result<Reply> parse_reply(base::Bytes body, wire::nnc::Command expected) {
  QAIC_CHECK(check_reply(body, expected, sizeof(Reply)));
  return *base::read_struct<Reply>(body);
}

// The answer to STATUS, only in a form this library knows. Errors: nnc-reply;
// card-status; status-format (kind unsupported, the format is older than 12);
// protocol-mismatch (kind unsupported: command protocol other than 17, or
// metadata other than 1).
[[nodiscard]] base::Result<wire::nnc::StatusResponse> parse_status(base::Bytes body);

}  // namespace qaic::nnc
