// What a descriptor shows to: a terminal or not.
#pragma once

namespace qaic::os {

[[nodiscard]] bool is_terminal(int fd);

}  // namespace qaic::os
