// Runs a function in a child process, where namespaces and filters may be
// entered, and gives its exit code.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace qaic::tests {

// What a child ends with when the host does not let it try.
inline constexpr int kNotAllowed = 77;

template <class Function>
int in_child(Function function) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(function());
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace qaic::tests
