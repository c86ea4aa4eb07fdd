#include "sim/vm/guest/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "sim/vm/guest/system.hpp"

namespace qaic::sim::vm::guest {
namespace {

struct Ends {
  int read_end;
  int write_end;
};

Ends make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0)
    give_up(std::string("cannot make a pipe: ") + std::strerror(errno));
  return {ends[0], ends[1]};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

struct Failure {
  int error;
  char step;  // 'f' folder, 'x' execution
};

[[noreturn]] void become(const GuestPlan& plan, int input, int output, int error, int report) {
  ::setsid();
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(static_cast<mode_t>(plan.umask));
  Failure failure{0, 'f'};
  if (::chdir(plan.folder.c_str()) == 0) {
    ::clearenv();
    for (const std::string& variable : plan.environment) ::putenv(const_cast<char*>(variable.c_str()));
    ::execvp(plan.command[0].c_str(), pointers(plan.command).data());
    failure.step = 'x';
  }
  failure.error = errno;
  write_everything(report, {reinterpret_cast<const char*>(&failure), sizeof failure});
  ::_exit(127);
}

}  // namespace

Command::Command(const GuestPlan& plan) {
  const Ends input = make_pipe();
  const Ends output = make_pipe();
  const Ends error = make_pipe();
  const Ends report = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) give_up(std::string("cannot start a process: ") + std::strerror(errno));
  if (pid_ == 0) become(plan, input.read_end, output.write_end, error.write_end, report.write_end);
  ::close(input.read_end);
  ::close(output.write_end);
  ::close(error.write_end);
  ::close(report.write_end);
  input_ = input.write_end;
  output_ = output.read_end;
  error_ = error.read_end;
  for (const int fd : {input_, output_, error_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  Failure failure{};
  if (::read(report.read_end, &failure, sizeof failure) == static_cast<ssize_t>(sizeof failure)) {
    start_error_ = failure.step == 'f' ? plan.folder + ": " : plan.command[0] + ": ";
    start_error_ += std::strerror(failure.error);
    code_ = failure.step == 'x' && failure.error == ENOENT ? 127 : 126;
  }
  ::close(report.read_end);
}

std::string Command::take(int& fd) {
  std::string out;
  std::array<char, 65536> piece{};
  if (fd < 0) return out;
  const ssize_t got = ::read(fd, piece.data(), piece.size());
  if (got > 0) {
    out.assign(piece.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    ::close(fd);
    fd = -1;
  }
  return out;
}

void Command::push_input() {
  while (input_ >= 0 && !unread_.empty()) {
    const ssize_t done = ::write(input_, unread_.data(), unread_.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EAGAIN) return;
    if (done < 0) {  // nobody reads it
      unread_.clear();
      ends_ = true;
      break;
    }
    unread_.erase(0, static_cast<std::size_t>(done));
  }
  if (ends_ && input_ >= 0) {
    ::close(input_);
    input_ = -1;
  }
}

std::optional<int> Command::reap() {
  int status = 0;
  for (;;) {
    const pid_t gone = ::waitpid(-1, &status, WNOHANG);
    if (gone <= 0) return code_;
    if (gone != pid_ || code_) continue;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

}  // namespace qaic::sim::vm::guest
