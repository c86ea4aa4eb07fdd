#include "os/process_tree.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "os/file.hpp"
#include "os/foreign_process.hpp"

namespace qaic::os {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;
using base::system_error;

namespace {

// Exit codes of env(1), timeout(1) and shells.
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

// What the keeper and the program say: one word, then its fields.
constexpr std::string_view kPrepared = "prepared";
constexpr std::string_view kFiltered = "ready";
constexpr std::string_view kGo = "go";
constexpr std::string_view kFailed = "failed";
constexpr std::string_view kNotStarted = "not-started";
constexpr std::string_view kEnded = "ended";

constexpr char kSeparator = '\x1f';

std::string error_text(const Error& error) {
  std::string text(kFailed);
  for (const std::string& part : {std::to_string(static_cast<unsigned>(error.kind)),
                                  std::to_string(error.code), error.id, error.what, error.hint}) {
    text += kSeparator;
    text += part;
  }
  return text;
}

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string> fields(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = text.find(kSeparator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

Error error_from(const std::vector<std::string>& parts) {
  if (parts.size() != 6 || parts[0] != kFailed) {
    return base::make_error(ErrorKind::internal, "process-tree", "the program's keeper ended unexpectedly");
  }
  Error error;
  error.kind = static_cast<ErrorKind>(number(parts[1]));
  error.code = number(parts[2]);
  error.domain = error.code == 0 ? base::ErrorDomain::none : base::ErrorDomain::system;
  error.id = parts[3];
  error.what = parts[4];
  error.hint = parts[5];
  return error;
}

std::vector<int> numbers(const std::vector<Fd>& fds) {
  std::vector<int> out;
  for (const Fd& fd : fds) out.push_back(fd.get());
  return out;
}

[[noreturn]] void be_program(const FdChannel& channel, const ProcessTree::Setup& setup) {
  // The keeper cannot end what it no longer watches.
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (setup.signals != nullptr) setup.signals->restore();
  auto step = setup.last_step();
  if (!step) {
    (void)channel.send(error_text(step.error()));
    ::_exit(kNotExecutable);
  }
  const int fd = step->get();
  if (!channel.send(kFiltered, {&fd, 1})) ::_exit(kNotExecutable);
  step->reset();
  const auto answer = channel.receive();
  if (!answer || answer->text != kGo) ::_exit(kNotExecutable);
  std::vector<char*> arguments;
  for (const std::string& argument : setup.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  const int error = errno;
  (void)channel.send(std::string(kNotStarted) + kSeparator + std::to_string(error));
  ::_exit(error == ENOENT ? kNotFound : kNotExecutable);
}

// Waits for the program, ends what it left behind, and tells how it ended.
[[noreturn]] void keep(const FdChannel& channel, pid_t program) {
  int code = kNotExecutable;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno != EINTR) break;
    if (pid != program) continue;
    code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    break;
  }
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid > 0) continue;
    if (pid < 0) break;
    for (const pid_t child : own_children()) (void)::kill(child, SIGKILL);
    (void)::waitpid(-1, &status, 0);
  }
  (void)channel.send(std::string(kEnded) + kSeparator + std::to_string(code));
  ::_exit(0);
}

[[noreturn]] void be_keeper(const FdChannel& channel, const ProcessTree::Setup& setup) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto prepared = setup.prepare();
  if (!prepared) {
    (void)channel.send(error_text(prepared.error()));
    ::_exit(1);
  }
  const pid_t program = ::fork();
  if (program == 0) be_program(channel, setup);
  if (program < 0) {
    (void)channel.send(error_text(system_error(errno, "process-tree", "cannot start a process")));
    ::_exit(1);
  }
  const auto fds = numbers(*prepared);
  if (!channel.send(std::string(kPrepared) + kSeparator + std::to_string(program), fds)) ::_exit(1);
  prepared->clear();
  keep(channel, program);
}

}  // namespace

Result<ProcessTree> ProcessTree::start(Setup setup) {
  QAIC_TRY(auto ends, FdChannel::pair());
  const pid_t keeper = ::fork();
  if (keeper < 0) return fail(system_error(errno, "process-tree", "cannot start a process"));
  if (keeper == 0) be_keeper(ends.second, setup);
  ends.second = FdChannel(Fd());

  ProcessTree tree(std::move(ends.first));
  tree.keeper_ = keeper;
  // The two messages come from two processes, in either order.
  for (int left = 2; left > 0; --left) {
    auto message = tree.channel_.receive();
    if (!message) return fail(message.error());
    const auto parts = fields(message->text);
    if (parts[0] == kPrepared && parts.size() == 2) {
      tree.program_ = number(parts[1]);
      tree.prepared_ = std::move(message->fds);
    } else if (parts[0] == kFiltered && message->fds.size() == 1) {
      tree.last_step_ = std::move(message->fds[0]);
    } else {
      int status = 0;
      (void)::kill(keeper, SIGKILL);
      (void)::waitpid(keeper, &status, 0);
      return fail(error_from(parts));
    }
  }
  return tree;
}

Result<void> ProcessTree::release() const {
  return channel_.send(kGo);
}

ProcessTree::Outcome ProcessTree::wait() {
  Outcome outcome;
  outcome.code = kNotExecutable;
  for (;;) {
    const auto message = channel_.receive();
    if (!message || message->text.empty()) {
      if (outcome.start_error.empty()) outcome.start_error = "the program's keeper ended unexpectedly";
      break;
    }
    const auto parts = fields(message->text);
    if (parts[0] == kNotStarted && parts.size() == 2) {
      outcome.start_error = system_error(number(parts[1]), "process-tree", "cannot execute the command").what;
    } else if (parts[0] == kEnded && parts.size() == 2) {
      outcome.code = number(parts[1]);
      break;
    }
  }
  int status = 0;
  (void)::waitpid(keeper_, &status, 0);
  return outcome;
}

void ProcessTree::signal(int number) const {
  if (program_ > 0) (void)::kill(program_, number);
}

}  // namespace qaic::os
