// A program and all its descendants, run by a process of its own that prepares
// their surroundings, ends what outlives the program, and reports.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/fd_channel.hpp"
#include "os/signal_inbox.hpp"

namespace qaic::os {

class ProcessTree {
 public:
  // How the program ended, as a shell tells it: its exit code, or 128 + signal.
  struct Outcome {
    int code = 0;
    // Why it could not even be executed; empty if it was.
    std::string start_error;
  };

  struct Setup {
    std::vector<std::string> command;  // the first is looked for in PATH
    const SignalInbox* signals = nullptr;
    // Called in the process that runs the tree, before the program exists; the
    // descriptors it gives are handed to the caller of start().
    std::function<base::Result<std::vector<Fd>>()> prepare;
    // Called in the program's process just before it is executed.
    std::function<base::Result<Fd>()> last_step;
  };

  // Starts everything up to the execution of the program, which waits for
  // release(). Error ids: process-tree and those of the steps.
  static base::Result<ProcessTree> start(Setup setup);
  ProcessTree(ProcessTree&&) = default;
  ProcessTree& operator=(ProcessTree&&) = default;

  [[nodiscard]] std::vector<Fd> take_prepared() { return std::move(prepared_); }
  [[nodiscard]] Fd take_last_step() { return std::move(last_step_); }
  [[nodiscard]] pid_t program() const { return program_; }

  [[nodiscard]] base::Result<void> release() const;
  // Readable when the outcome is there.
  [[nodiscard]] int fd() const { return channel_.fd(); }
  // Blocks until the program and everything it started are gone.
  [[nodiscard]] Outcome wait();
  void signal(int number) const;

 private:
  explicit ProcessTree(FdChannel channel) : channel_(std::move(channel)) {}

  FdChannel channel_;
  pid_t keeper_ = -1;
  pid_t program_ = -1;
  std::vector<Fd> prepared_;
  Fd last_step_;
};

}  // namespace qaic::os
