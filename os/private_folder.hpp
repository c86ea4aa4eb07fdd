// Folders for sockets and logs that only one user may reach.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// $XDG_RUNTIME_DIR where it is a folder of this user, else `/tmp`: there a
// folder carries the user's number ("name-1000"), as it is shared.
[[nodiscard]] std::string runtime_folder(const std::string& name);

// Makes the folder for its user only (0700), or checks that it is such a one.
// Error ids: private-folder.
[[nodiscard]] base::Result<void> make_private_folder(const std::string& path);

// Opens a log to append to, empty and for its user only. Error ids: file-open.
[[nodiscard]] base::Result<Fd> open_log(const std::string& path);

}  // namespace qaic::os
