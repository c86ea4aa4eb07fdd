// Why a card that refuses a program has not enough for it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "lib/program/program.hpp"
#include "wire/nnc.hpp"

namespace qaic::core {

// Turns a refusal into words: which resource is short, how much the program
// needs, how much the card has free and altogether. `resources` is what the
// card says it has, if it could be asked. An Error of domain card with id
// network-short, or network-refused when the status is not about resources.
// Kind bad_input when not even the whole card has enough.
[[nodiscard]] base::Error refusal_error(std::int32_t status, const program::Program& program,
                                        const std::optional<wire::nnc::ResourceInfo>& resources);

}  // namespace qaic::core
