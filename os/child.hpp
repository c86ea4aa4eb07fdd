// A child process with chosen descriptors, killed and reaped when its owner goes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// How a process ended: by itself with `code`, or by signal `signal` (then
// `code` is meaningless).
struct ExitStatus {
  int code = 0;
  int signal = 0;
};

class Child {
 public:
  struct Options {
    std::string path;                    // of the executable
    std::vector<std::string> arguments;  // argv[0] included
    std::vector<std::string> environment;
    int standard_input = -1;  // descriptors of ours that become 0, 1, 2; -1: /dev/null
    int standard_output = -1;
    int standard_error = -1;
    std::vector<int> kept;   // further descriptors, inherited under the same numbers
    bool own_group = false;  // leads a process group of its own, see signal_group()
  };

  Child() = default;
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  // Everything that is close-on-exec and not named in the options stays closed
  // in the child. Error id: process-start.
  static base::Result<Child> spawn(const Options& options);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Blocks until the process is gone; later calls give the same answer.
  ExitStatus wait();
  // SIGKILL, if it has not been waited for.
  void kill();
  // A signal to the process group that it leads, if it has not been waited for.
  void signal_group(int number);

 private:
  void end();

  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
};

struct Pipe {
  Fd read_end;  // non-blocking
  Fd write_end;
};
// Both ends close-on-exec.
[[nodiscard]] base::Result<Pipe> make_pipe();

// Appends what can be read from `fd` without blocking. True at end of file (no
// writer left), also when the descriptor cannot be read at all.
[[nodiscard]] bool read_available(int fd, std::string& out);

// The first executable called `name` in the folders of PATH, or "".
[[nodiscard]] std::string find_in_path(const std::string& name);

// "Killed", "Segmentation fault".
[[nodiscard]] std::string signal_text(int signal);
[[nodiscard]] pid_t own_process_id();

// Path of the running executable.
[[nodiscard]] std::string own_executable();
// `relative` as seen from the folder of the running executable.
[[nodiscard]] std::string beside_executable(const std::string& relative);

}  // namespace qaic::os
