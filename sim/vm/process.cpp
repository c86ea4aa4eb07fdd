#include "sim/vm/process.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace qaic::sim::vm {

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

base::Result<os::Fd> process_descriptor(pid_t pid) {
  // Not pidfd_open(): glibc 2.36 declares it without C linkage.
  os::Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) {
    return base::fail(base::system_error(errno, "process-start", "cannot watch a child process"));
  }
  return fd;
}

}  // namespace qaic::sim::vm
