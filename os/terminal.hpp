// What a descriptor shows to: a terminal, and how wide.
#pragma once

#include <optional>

namespace qaic::os {

[[nodiscard]] bool is_terminal(int fd);
// Nothing when it is no terminal, or one that does not tell.
[[nodiscard]] std::optional<unsigned> terminal_columns(int fd);

}  // namespace qaic::os
