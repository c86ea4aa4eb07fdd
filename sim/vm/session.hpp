// A guest with its cards, from QEMU's start to the command's exit code.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/child.hpp"
#include "os/fd.hpp"
#include "os/signal_inbox.hpp"
#include "sim/vm/card_server.hpp"
#include "sim/vm/frame.hpp"
#include "sim/vm/kernel_log.hpp"
#include "sim/vm/machine.hpp"
#include "sim/vm/stream_relay.hpp"

namespace qaic::sim::vm {

class Session {
 public:
  struct Options {
    Machine machine;  // its port is set by start()
    std::string scratch;
    std::chrono::milliseconds boot_limit{120000};    // until the guest's first process speaks
    std::optional<std::chrono::milliseconds> limit;  // of everything
    std::string kernel_log;                          // file; "" for none
  };
  struct Outcome {
    int code = 0;             // as a shell tells it
    unsigned complaints = 0;  // of the guest's kernel
  };

  // The servers must be ready. Error ids: process-start and those of files.
  static base::Result<Session> start(Options options, std::vector<CardServer> servers,
                                     os::SignalInbox signals);
  // Until the command has ended, a signal came or nobody reads what the command
  // prints (128 + the signal's number, that of SIGPIPE; the guest is stopped at
  // once), or something failed. SIGPIPE must be ignored. Error ids: vm-guest,
  // vm-card, vm-timeout, vm-frame, file-write.
  [[nodiscard]] base::Result<Outcome> serve();

 private:
  Session(Options options, std::vector<CardServer> servers, os::SignalInbox signals, os::Child qemu,
          os::Fd qemu_process, os::Fd port)
      : options_(std::move(options)),
        servers_(std::move(servers)),
        signals_(std::move(signals)),
        qemu_(std::move(qemu)),
        qemu_process_(std::move(qemu_process)),
        port_(std::move(port)) {}

  base::Result<std::optional<Outcome>> serve_until_end();
  // What take…() gives: nothing to go on, or the end.
  base::Result<std::optional<Outcome>> take_frames();
  base::Result<void> handle(const Frame& frame, std::optional<Outcome>& outcome);
  base::Result<void> check_processes();
  base::Result<void> check_deadlines();
  [[nodiscard]] std::chrono::steady_clock::time_point next_deadline() const;
  void wait();
  base::Error guest_ended();
  void stop();
  void report_complaints();

  Options options_;
  std::vector<CardServer> servers_;
  os::SignalInbox signals_;
  os::Child qemu_;
  os::Fd qemu_process_;
  os::Fd port_;
  FrameReader reader_;
  StreamRelay streams_;
  os::Fd kernel_log_;
  KernelComplaints complaints_;
  std::deque<std::string> said_by_kernel_;  // its last warnings and errors
  bool running_ = false;
  bool interrupted_ = false;  // by a signal
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace qaic::sim::vm
