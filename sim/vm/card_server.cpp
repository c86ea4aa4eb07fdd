#include "sim/vm/card_server.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "sim/vm/poll_time.hpp"
#include "sim/vm/process.hpp"

namespace qaic::sim::vm {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

Result<CardServer> CardServer::start(std::string name, const std::string& program,
                                     std::vector<std::string> arguments) {
  os::Child::Options options;
  options.path = program;
  options.arguments = std::move(arguments);
  options.environment = own_environment();
  QAIC_TRY(auto pipe, os::make_pipe());
  options.standard_output = pipe.write_end.get();
  options.standard_error = STDERR_FILENO;
  QAIC_TRY(auto child, os::Child::spawn(options));
  QAIC_TRY(auto process, process_descriptor(child.pid()));
  return CardServer(std::move(name), std::move(child), std::move(process), std::move(pipe.read_end));
}

base::Error CardServer::ended() {
  const os::ExitStatus status = child_.wait();
  if (status.signal != 0) {
    return make_error(ErrorKind::internal, "vm-card",
                      name_ + ": its process ended by a signal (" + os::signal_text(status.signal) +
                          "); the guest was stopped",
                      "this is a defect of the simulated card, not of the driver");
  }
  return make_error(
      ErrorKind::device, "vm-card",
      name_ + ": its process ended with exit code " + std::to_string(status.code) + "; the guest was stopped",
      "what it printed before says why");
}

Result<void> CardServer::wait_until_ready(std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{output_.get(), POLLIN, 0}, pollfd{process_.get(), POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), poll_milliseconds(deadline)) == 0) {
      return fail(
          make_error(ErrorKind::deadline, "vm-card", name_ + ": its process did not become ready in time"));
    }
    (void)os::read_available(output_.get(), said_);
    const auto line = said_.find('\n');
    if (line != std::string::npos && said_.starts_with("ready ")) {
      said_.erase(0, line + 1);
      return {};
    }
    if (watched[1].revents != 0) return fail(ended());
  }
}

void CardServer::take_output() {
  if (!output_.valid()) return;
  const bool end = os::read_available(output_.get(), said_);
  if (!said_.empty()) std::fwrite(said_.data(), 1, said_.size(), stderr);
  said_.clear();
  if (end) output_.reset();
}

void CardServer::finish(std::chrono::steady_clock::time_point deadline) {
  pollfd watched{process_.get(), POLLIN, 0};
  (void)::poll(&watched, 1, poll_milliseconds(deadline));
  take_output();
  child_.kill();
}

}  // namespace qaic::sim::vm
