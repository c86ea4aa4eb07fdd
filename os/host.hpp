// What this host calls itself.
#pragma once

#include <optional>
#include <string>

namespace qaic::os {

struct Host {
  std::string name;
  std::string kernel;   // "6.12.0"
  std::string machine;  // "x86_64"
};
[[nodiscard]] std::optional<Host> this_host();

}  // namespace qaic::os
