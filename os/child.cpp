#include "os/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "os/file.hpp"

namespace qaic::os {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// What posix_spawn needs, freed on every way out.
struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  int standard(int source, int target) {
    if (source < 0) return posix_spawn_file_actions_addopen(&files, target, "/dev/null", O_RDWR, 0);
    return posix_spawn_file_actions_adddup2(&files, source, target);
  }
};

}  // namespace

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    status_ = std::exchange(other.status_, std::nullopt);
  }
  return *this;
}

base::Result<Child> Child::spawn(const Options& options) {
  SpawnSettings settings;
  int failed = 0;
  // A descriptor duplicated onto itself loses close-on-exec in the child only.
  for (const int fd : options.kept) {
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&settings.files, fd, fd);
  }
  if (failed == 0) failed = settings.standard(options.standard_input, 0);
  if (failed == 0) failed = settings.standard(options.standard_output, 1);
  if (failed == 0) failed = settings.standard(options.standard_error, 2);
  // Signals that the parent blocks or handles are its own matter.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  // The group is 0: that of its own number.
  const int group = options.own_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&settings.attributes,
                           static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));

  Child child;
  const auto arguments = pointers(options.arguments);
  const auto environment = pointers(options.environment);
  if (failed == 0) {
    failed = posix_spawn(&child.pid_, options.path.c_str(), &settings.files, &settings.attributes,
                         arguments.data(), environment.data());
  }
  if (failed != 0) {
    child.pid_ = -1;
    return base::fail(base::system_error(failed, "process-start", "cannot start " + options.path));
  }
  return child;
}

ExitStatus Child::wait() {
  if (status_ || pid_ < 0) return status_.value_or(ExitStatus{});
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
  return *status_;
}

void Child::kill() {
  if (pid_ >= 0 && !status_) ::kill(pid_, SIGKILL);
}

void Child::signal_group(int number) {
  if (pid_ >= 0 && !status_) ::kill(-pid_, number);
}

void Child::end() {
  kill();
  wait();
}

base::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::fail(base::system_error(errno, "pipe", "cannot make a pipe"));
  }
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(made.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    return base::fail(base::system_error(errno, "pipe", "cannot make a pipe non-blocking"));
  }
  return made;
}

bool read_available(int fd, std::string& out) {
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got > 0) {
      out.append(chunk.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0) return true;
    const int error_number = errno;
    if (error_number == EINTR) continue;
    return error_number != EAGAIN;
  }
}

std::string find_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.empty()) continue;
    std::string candidate = folder + "/" + name;
    if (file_kind(candidate) == FileKind::regular && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::string signal_text(int signal) {
  const char* text = ::sigdescr_np(signal);
  return text != nullptr ? text : "unknown signal";
}

pid_t own_process_id() {
  return ::getpid();
}

std::string own_executable() {
  return read_link("/proc/self/exe").value_or(std::string());
}

std::string beside_executable(const std::string& relative) {
  const std::string program = own_executable();
  return program.substr(0, program.rfind('/') + 1) + relative;
}

}  // namespace qaic::os
