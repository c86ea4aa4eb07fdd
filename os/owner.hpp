// Who may use a file: for telling a user what is missing.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"

namespace qaic::os {

struct Owner {
  std::string user;   // name, or the number when it has none
  std::string group;  // likewise
  mode_t permissions = 0;
};

// Reads the password and group databases, which may be slow: only for errors.
[[nodiscard]] base::Result<Owner> file_owner(const std::string& path);

}  // namespace qaic::os
