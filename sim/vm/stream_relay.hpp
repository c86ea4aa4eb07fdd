// Our own standard streams as those of a command elsewhere. SIGPIPE must be ignored.
#pragma once

#include <poll.h>

#include <string>
#include <vector>

namespace qaic::sim::vm {

class StreamRelay {
 public:
  void put_output(std::string_view bytes) { output_ += bytes; }
  void put_error(std::string_view bytes) { error_ += bytes; }
  // Is there room for more of either?
  [[nodiscard]] bool has_room() const { return output_.size() + error_.size() < 1024 * 1024; }
  [[nodiscard]] bool empty() const { return output_.empty() && error_.empty(); }

  void want_input() { wants_input_ = true; }

  // Adds what to wait for.
  void watch(std::vector<pollfd>& watched) const;
  // Writes what can be written without waiting.
  void write_pending();
  // The first errno of a write, EPIPE when nobody reads a stream any more; 0.
  [[nodiscard]] int write_error() const { return write_error_; }
  // Reads standard input when it was asked for: the bytes; at its end
  // `input_ended` becomes true, once.
  [[nodiscard]] std::string read_input(bool& input_ended);

 private:
  std::string output_;
  std::string error_;
  int write_error_ = 0;
  bool wants_input_ = false;
  bool input_done_ = false;
};

}  // namespace qaic::sim::vm
