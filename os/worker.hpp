// A program that works in our stead and may hang: it has our stdin, stdout and
// stderr, and tells over a pipe how far it is.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/child.hpp"
#include "os/fd.hpp"
#include "os/signal_inbox.hpp"

namespace qaic::os {

// The starting side. Nobody is waited for when it goes.
class Worker {
 public:
  // The worker's end of the pipe.
  static constexpr int kReportFd = 3;

  // Starts `path` with `arguments` (argv[0] included), our environment and our
  // three standard streams, and no other file of ours. From now on SIGINT and
  // SIGTERM come only through next(). Error ids: pipe, signal-inbox,
  // process-start.
  static base::Result<Worker> start(const std::string& path, const std::vector<std::string>& arguments);

  enum class Heard { report, end, signal, deadline };
  struct Event {
    Heard heard = Heard::deadline;
    std::size_t count = 0;  // Heard::report: bytes in `out`
    int signal = 0;         // Heard::signal: its number
  };
  // The next thing that happens, waiting until `deadline`, or for ever without
  // one. What the worker reported comes before its end. After Heard::end,
  // status() holds.
  [[nodiscard]] Event next(base::MutableBytes out,
                           std::optional<std::chrono::steady_clock::time_point> deadline);
  [[nodiscard]] ExitStatus status() const { return status_.value_or(ExitStatus{}); }
  // Nothing if it has ended.
  void send(int signal);
  // Ends it for good: lets it leave our standard streams if it still can, waits
  // for its end until `deadline`, then kills it. It may stay in the kernel.
  void abandon(std::chrono::steady_clock::time_point deadline);

 private:
  Worker(SignalInbox signals, Fd reports, pid_t pid)
      : signals_(std::move(signals)), reports_(std::move(reports)), pid_(pid) {}
  [[nodiscard]] bool ended();

  SignalInbox signals_;
  Fd reports_;
  pid_t pid_;
  std::optional<ExitStatus> status_;
  std::vector<int> noted_;
};

// The worker's side, called first: from now on this process is killed when the
// one that started it ends, and can be abandoned. False when that has ended
// already, or nobody ever listened at Worker::kReportFd.
[[nodiscard]] bool end_with_starter();

// Flushes stdout, and lets go of it and of stdin, so that whoever is at their
// other ends need not wait for the end of this process.
void leave_standard_input_and_output();
// The same, and stderr.
void leave_standard_streams();

// Ends this process by a signal, as if it had never been held back.
[[noreturn]] void end_by_signal(int number);

}  // namespace qaic::os
