#include "sim/vm/session.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "os/file.hpp"
#include "sim/vm/poll_time.hpp"
#include "sim/vm/process.hpp"

namespace qaic::sim::vm {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kServerGrace{3};  // a card has to stop its cores
constexpr unsigned kWorthSaying = 4;             // printk's KERN_WARNING
constexpr std::size_t kLongestTail = 4096;       // bytes

std::string tail_of(const std::string& path) {
  const auto content = os::read_file(path, 64 * 1024 * 1024);
  if (!content) return {};
  std::string text(base::as_text(*content));
  if (text.size() > kLongestTail) text = text.substr(text.find('\n', text.size() - kLongestTail) + 1);
  return text;
}

void print_tail(const char* what, const std::string& path) {
  const std::string text = tail_of(path);
  if (!text.empty()) std::fprintf(stderr, "qaic-sim: the end of %s:\n%s\n", what, text.c_str());
}

std::string seconds(std::chrono::milliseconds time) {
  const auto tenths = time.count() / 100;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace

Result<Session> Session::start(Options options, std::vector<CardServer> servers, os::SignalInbox signals) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail(base::system_error(errno, "vm-guest", "cannot make a socket pair"));
  }
  os::Fd ours(ends[0]);
  os::Fd theirs(ends[1]);
  options.machine.port = theirs.get();
  os::Fd kernel_log;
  if (!options.kernel_log.empty()) {
    kernel_log = os::Fd(::open(options.kernel_log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!kernel_log.valid()) {
      return fail(base::system_error(errno, "vm-guest", "cannot write " + options.kernel_log));
    }
  }
  os::Fd said(
      ::open((options.scratch + "/qemu.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  os::Child::Options child;
  child.arguments = qemu_command(options.machine);
  child.path = child.arguments[0];
  child.environment = own_environment();
  child.environment.push_back(qemu_module_folder(options.machine));
  child.standard_output = said.get();
  child.standard_error = said.get();
  child.kept = {theirs.get()};
  QAIC_TRY(auto qemu, os::Child::spawn(child));
  QAIC_TRY(auto process, process_descriptor(qemu.pid()));
  Session session(std::move(options), std::move(servers), std::move(signals), std::move(qemu),
                  std::move(process), std::move(ours));
  session.kernel_log_ = std::move(kernel_log);
  return session;
}

Result<Session::Outcome> Session::serve() {
  auto outcome = serve_until_end();
  stop();
  // What the command printed before is its own, also when the guest is gone.
  while (!streams_.empty()) {
    std::vector<pollfd> watched{{signals_.fd(), POLLIN, 0}};
    streams_.watch(watched);
    (void)::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) break;
    streams_.write_pending();
  }
  report_complaints();
  if (!outcome) return fail(std::move(outcome).error());
  Outcome& end = **outcome;
  end.complaints = complaints_.count();
  if (const int error = streams_.write_error(); error != 0 && !interrupted_) {
    if (error != EPIPE) {
      return fail(base::system_error(error, "file-write", "cannot write what the command printed"));
    }
    end.code = 128 + SIGPIPE;
  }
  return end;
}

Result<std::optional<Session::Outcome>> Session::serve_until_end() {
  for (;;) {
    wait();
    for (const auto& signal : signals_.take()) {
      interrupted_ = true;
      return std::optional(Outcome{128 + signal.number, 0});
    }
    streams_.write_pending();
    if (streams_.write_error() != 0) return std::optional(Outcome{});  // serve() knows what it means
    bool input_ended = false;
    const std::string input = streams_.read_input(input_ended);
    if (!input.empty())
      (void)os::write_all(port_.get(), base::as_bytes(encode_frame(FrameKind::input, input)));
    if (input_ended)
      (void)os::write_all(port_.get(), base::as_bytes(encode_frame(FrameKind::end_of_input, {})));
    if (streams_.has_room()) {
      QAIC_TRY(auto outcome, take_frames());
      if (outcome) return outcome;
    }
    QAIC_CHECK(check_processes());
    QAIC_CHECK(check_deadlines());
  }
}

void Session::wait() {
  std::vector<pollfd> watched{{signals_.fd(), POLLIN, 0}, {qemu_process_.get(), POLLIN, 0}};
  if (streams_.has_room()) watched.push_back({port_.get(), POLLIN, 0});
  for (const CardServer& server : servers_) {
    watched.push_back({server.process(), POLLIN, 0});
    if (server.output() >= 0) watched.push_back({server.output(), POLLIN, 0});
  }
  streams_.watch(watched);
  (void)::poll(watched.data(), watched.size(), poll_milliseconds(next_deadline()));
}

Result<std::optional<Session::Outcome>> Session::take_frames() {
  std::array<char, 65536> piece{};
  const ssize_t got = ::recv(port_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got > 0) reader_.append({piece.data(), static_cast<std::size_t>(got)});
  std::optional<Outcome> outcome;
  while (!outcome) {
    QAIC_TRY(const auto frame, reader_.next());
    if (!frame) break;
    QAIC_CHECK(handle(*frame, outcome));
  }
  return outcome;
}

Result<void> Session::handle(const Frame& frame, std::optional<Outcome>& outcome) {
  switch (frame.kind) {
    case FrameKind::running:
      running_ = true;
      break;
    case FrameKind::log: {
      const std::string line = log_line(frame.payload);
      if (log_priority(frame.payload) <= kWorthSaying) {
        said_by_kernel_.push_back(line);
        if (said_by_kernel_.size() > 8) said_by_kernel_.pop_front();
      }
      complaints_.take(line);
      if (kernel_log_.valid()) {
        QAIC_CHECK(os::write_all(kernel_log_.get(), base::as_bytes(line + "\n")));
      }
      break;
    }
    case FrameKind::note:
      std::fprintf(stderr, "qaic-sim: %s\n", frame.payload.c_str());
      for (const std::string& line : said_by_kernel_) std::fprintf(stderr, "  %s\n", line.c_str());
      break;
    case FrameKind::not_started:
      std::fprintf(stderr, "qaic-sim: in the guest: %s\n", frame.payload.c_str());
      break;
    case FrameKind::standard_output:
      streams_.put_output(frame.payload);
      break;
    case FrameKind::standard_error:
      streams_.put_error(frame.payload);
      break;
    case FrameKind::want_input:
      streams_.want_input();
      break;
    case FrameKind::ended: {
      int code = 0;
      (void)std::from_chars(frame.payload.data(), frame.payload.data() + frame.payload.size(), code);
      outcome = Outcome{code, 0};
      break;
    }
    case FrameKind::input:
    case FrameKind::end_of_input:
      return fail(
          make_error(ErrorKind::device, "vm-frame", "the guest sent a message that only the host sends"));
  }
  return {};
}

Result<void> Session::check_processes() {
  const auto ended = [](int fd) {
    pollfd watched{fd, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
  };
  for (CardServer& server : servers_) {
    server.take_output();
    if (ended(server.process())) {
      // Ctrl-C reaches all of us at the same moment, and is no failure.
      pollfd signal{signals_.fd(), POLLIN, 0};
      if (::poll(&signal, 1, 100) > 0) return {};
      return fail(server.ended());
    }
  }
  if (ended(qemu_process_.get())) {
    pollfd signal{signals_.fd(), POLLIN, 0};
    if (::poll(&signal, 1, 100) > 0) return {};
    return fail(guest_ended());
  }
  return {};
}

base::Error Session::guest_ended() {
  const os::ExitStatus status = qemu_.wait();
  const std::string console = tail_of(options_.machine.console);
  if (kernel_log_.valid()) (void)os::write_all(kernel_log_.get(), base::as_bytes(console));
  if (console.find("Kernel panic") != std::string::npos) {
    print_tail("what the guest's kernel printed", options_.machine.console);
    return make_error(ErrorKind::device, "vm-guest", "the guest's kernel panicked",
                      "--kernel-log keeps all of its log");
  }
  print_tail("what QEMU printed", options_.scratch + "/qemu.log");
  print_tail("what the guest's kernel printed", options_.machine.console);
  const std::string how =
      status.signal != 0 ? os::signal_text(status.signal) : "exit code " + std::to_string(status.code);
  return make_error(ErrorKind::device, "vm-guest",
                    "the guest ended before the command did (QEMU: " + how + ")",
                    "--kernel-log keeps the log of its kernel");
}

Clock::time_point Session::next_deadline() const {
  Clock::time_point deadline = Clock::time_point::max();
  if (!running_) deadline = started_ + options_.boot_limit;
  if (options_.limit) deadline = std::min(deadline, started_ + *options_.limit);
  return std::min(deadline, Clock::now() + std::chrono::minutes(10));
}

Result<void> Session::check_deadlines() {
  const auto now = Clock::now();
  if (options_.limit && now >= started_ + *options_.limit) {
    return fail(make_error(ErrorKind::deadline, "vm-timeout",
                           std::string(running_ ? "the command" : "the guest") + " did not end within " +
                               seconds(*options_.limit) + "; the guest was stopped",
                           "--timeout gives it more time"));
  }
  if (!running_ && now >= started_ + options_.boot_limit) {
    print_tail("what the guest's kernel printed", options_.machine.console);
    print_tail("what QEMU printed", options_.scratch + "/qemu.log");
    return fail(make_error(ErrorKind::deadline, "vm-guest",
                           "the guest did not start within " + seconds(options_.boot_limit),
                           "is the host very busy? A kernel needs 9p, virtio and a serial console"));
  }
  return {};
}

void Session::stop() {
  qemu_.kill();
  (void)qemu_.wait();
  const auto deadline = Clock::now() + kServerGrace;
  for (CardServer& server : servers_) server.finish(deadline);
}

void Session::report_complaints() {
  if (complaints_.lines().empty()) return;
  std::fprintf(stderr, "qaic-sim: the guest's kernel complained:\n");
  for (const std::string& line : complaints_.lines()) std::fprintf(stderr, "  %s\n", line.c_str());
}

}  // namespace qaic::sim::vm
