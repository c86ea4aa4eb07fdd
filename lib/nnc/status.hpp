// What the card's status numbers mean. Source: runtime-protocols §2.2; the
// texts are that table's, the kinds and hints are ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace qaic::nnc {

struct StatusText {
  std::int32_t status;
  base::ErrorKind kind;
  std::string_view text;
  std::string_view hint;  // may be empty
};

// The entry of `status`; a number nobody documents gets a general one.
[[nodiscard]] StatusText status_text(std::int32_t status);

// An Error of domain card: `what`, then the number and its text.
[[nodiscard]] base::Error card_error(std::int32_t status, std::string_view id, std::string what);

}  // namespace qaic::nnc
