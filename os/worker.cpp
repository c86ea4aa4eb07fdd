#include "os/worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>

extern char** environ;

namespace qaic::os {

namespace {

constexpr int kAbandoned = SIGUSR1;

// A process that ends inside the kernel may keep its files until it is through:
// the streams, which others wait for, go first.
void leave(int /*number*/) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) ::close(fd);
  ::_exit(128 + kAbandoned);
}

// Standard streams up to `last` go to and come from nowhere.
void leave_until(int last) {
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = STDIN_FILENO; fd <= last; ++fd) {
    if (!nothing.valid() || ::dup2(nothing.get(), fd) < 0) ::close(fd);
  }
}

}  // namespace

base::Result<Worker> Worker::start(const std::string& path, const std::vector<std::string>& arguments) {
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the exit status with it
  auto signals = SignalInbox::create({SIGINT, SIGTERM, SIGCHLD});
  if (!signals) return base::fail(signals.error());
  auto pipe = make_pipe();
  if (!pipe) return base::fail(pipe.error());

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, pipe->write_end.get(), kReportFd);
  ::posix_spawn_file_actions_addclosefrom_np(&files, kReportFd + 1);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, path.c_str(), &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return base::fail(base::system_error(error, "process-start", "cannot start " + path));
  return Worker(std::move(*signals), std::move(pipe->read_end), pid);
}

bool Worker::ended() {
  if (status_) return true;
  int raw = 0;
  if (::waitpid(pid_, &raw, WNOHANG) != pid_) return false;
  status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
  return true;
}

Worker::Event Worker::next(base::MutableBytes out,
                           std::optional<std::chrono::steady_clock::time_point> deadline) {
  for (;;) {
    // Asked before the pipe is read: what it wrote before its end is in there.
    const bool gone = ended();
    if (reports_.valid()) {
      const ssize_t count = ::read(reports_.get(), out.data(), out.size());
      const int error_number = errno;
      if (count > 0) return {Heard::report, static_cast<std::size_t>(count), 0};
      if (count == 0 || (error_number != EAGAIN && error_number != EINTR)) reports_.reset();
    }
    if (gone) return {Heard::end, 0, 0};
    bool again = false;  // its end may have come since it was asked for, and nothing else will tell
    for (const auto& signal : signals_.take()) {
      if (signal.number == SIGCHLD) {
        again = true;
      } else {
        noted_.push_back(signal.number);
      }
    }
    if (!noted_.empty()) {
      const int number = noted_.front();
      noted_.erase(noted_.begin());
      return {Heard::signal, 0, number};
    }
    if (again) continue;
    int wait = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return {Heard::deadline, 0, 0};
      wait = static_cast<int>(std::min<std::int64_t>(left.count(), INT_MAX));
    }
    pollfd waiters[2]{{signals_.fd(), POLLIN, 0}, {reports_.get(), POLLIN, 0}};
    (void)::poll(waiters, 2, wait);
  }
}

void Worker::send(int signal) {
  if (!ended()) (void)::kill(pid_, signal);
}

void Worker::abandon(std::chrono::steady_clock::time_point deadline) {
  send(kAbandoned);
  base::ByteVector unread(64);
  Heard heard = Heard::report;
  while (heard != Heard::end && heard != Heard::deadline) heard = next(unread, deadline).heard;
  send(SIGKILL);
}

bool end_with_starter() {
  struct sigaction action {};
  action.sa_handler = leave;
  if (::sigaction(kAbandoned, &action, nullptr) != 0) return false;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  if (::fcntl(Worker::kReportFd, F_SETFD, FD_CLOEXEC) != 0) return false;
  pollfd listener{Worker::kReportFd, POLLOUT, 0};  // the starter may be gone already
  return ::poll(&listener, 1, 0) == 1 && (listener.revents & (POLLERR | POLLNVAL)) == 0;
}

void leave_standard_input_and_output() {
  std::fflush(stdout);
  leave_until(STDOUT_FILENO);
}

void leave_standard_streams() {
  std::fflush(stdout);
  std::fflush(stderr);
  leave_until(STDERR_FILENO);
}

void end_by_signal(int number) {
  ::signal(number, SIG_DFL);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, number);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(number);
  std::_Exit(128 + number);
}

}  // namespace qaic::os
