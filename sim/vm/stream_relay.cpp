#include "sim/vm/stream_relay.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace qaic::sim::vm {
namespace {

constexpr std::size_t kMostAtOnce = 4096;  // bytes, PIPE_BUF: a ready pipe takes them without blocking

bool ready(int fd, short events) {
  pollfd watched{fd, events, 0};
  return ::poll(&watched, 1, 0) > 0;
}

// Gives the error that ended it, 0 for none: what was pending is lost then.
int write_ready(int fd, std::string& pending) {
  std::size_t done = 0;
  int error = 0;
  while (done < pending.size() && ready(fd, POLLOUT)) {
    const ssize_t written = ::write(fd, pending.data() + done, std::min(kMostAtOnce, pending.size() - done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) error = errno;
    done = written < 0 ? pending.size() : done + static_cast<std::size_t>(written);
  }
  pending.erase(0, done);
  return error;
}

}  // namespace

void StreamRelay::watch(std::vector<pollfd>& watched) const {
  if (!output_.empty()) watched.push_back({STDOUT_FILENO, POLLOUT, 0});
  if (!error_.empty()) watched.push_back({STDERR_FILENO, POLLOUT, 0});
  if (wants_input_ && !input_done_) watched.push_back({STDIN_FILENO, POLLIN, 0});
}

void StreamRelay::write_pending() {
  for (const int error : {write_ready(STDOUT_FILENO, output_), write_ready(STDERR_FILENO, error_)}) {
    if (write_error_ == 0) write_error_ = error;
  }
}

std::string StreamRelay::read_input(bool& input_ended) {
  std::string out;
  input_ended = false;
  if (!wants_input_ || input_done_ || !ready(STDIN_FILENO, POLLIN)) return out;
  std::array<char, 65536> piece{};
  const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
  if (got > 0) {
    out.assign(piece.data(), static_cast<std::size_t>(got));
    wants_input_ = false;
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    input_done_ = true;
    input_ended = true;
  }
  return out;
}

}  // namespace qaic::sim::vm
