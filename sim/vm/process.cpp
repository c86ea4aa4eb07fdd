#include "sim/vm/process.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/child.hpp"

namespace qaic::sim::vm {

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

std::string companion_program(const std::string& name) {
  const std::string program = os::own_executable();
  return program.substr(0, program.rfind('/')) + "/../libexec/qaic/" + name;
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
