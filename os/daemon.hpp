// A process that outlives the command that started it.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "os/fd_channel.hpp"

namespace qaic::os {

// Forks (single-threaded callers only). The new process is in a session and at
// the root folder of its own, keeps no open file but the channel, has /dev/null
// for its standard streams, and ends with what `body` returns. What `body`
// sends first is returned here; an empty text if it ended without a word.
// Error ids: daemon-start, fd-channel.
[[nodiscard]] base::Result<std::string> start_daemon(const std::function<int(const FdChannel& parent)>& body);

}  // namespace qaic::os
