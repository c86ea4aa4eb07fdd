#include "os/background.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

extern char** environ;

namespace qaic::os {

base::Result<Fd> start_in_background(const std::string& path, const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return base::fail(base::system_error(errno, "pipe", "cannot make a pipe"));
  Fd answers(ends[0]);
  const Fd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  // Whoever reads our output until its end must not wait for a program that hangs.
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::fail(base::system_error(error, "process-start", "cannot start " + path));
  return answers;
}

Reading read_until(int fd, base::MutableBytes out, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait = std::clamp<std::int64_t>(left.count(), 0, INT_MAX);
    pollfd waiter{fd, POLLIN, 0};
    const int ready = ::poll(&waiter, 1, static_cast<int>(wait));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return {};
    if (ready == 0) return {Heard::deadline, 0};
    const ssize_t count = ::read(fd, out.data(), out.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    return {Heard::bytes, static_cast<std::size_t>(count)};
  }
}

}  // namespace qaic::os
