// Child processes: what os/child.hpp leaves open.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::sim::vm {

// NAME=VALUE of the calling process.
[[nodiscard]] std::vector<std::string> own_environment();
// Readable when the process, a child of ours, has ended. Error id: process-start.
[[nodiscard]] base::Result<os::Fd> process_descriptor(pid_t pid);

}  // namespace qaic::sim::vm
