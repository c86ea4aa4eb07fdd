// The command that the guest runs, and its three streams.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "sim/vm/guest_plan.hpp"

namespace qaic::sim::vm::guest {

class Command {
 public:
  // Starts it; a reason is in start_error() when it could not be executed, and
  // its exit code (126, 127) is there at once.
  explicit Command(const GuestPlan& plan);
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] const std::string& start_error() const { return start_error_; }
  // Reads ends of its output; -1 when closed.
  [[nodiscard]] int output() const { return output_; }
  [[nodiscard]] int error() const { return error_; }
  // Appends what is there. Closes the stream at its end.
  std::string take_output() { return take(output_); }
  std::string take_error() { return take(error_); }

  // Where its input goes; -1 when it takes none any more.
  [[nodiscard]] int input() const { return input_; }
  [[nodiscard]] bool has_unread_input() const { return !unread_.empty(); }
  void give_input(std::string bytes) { unread_ += bytes; }
  void end_input() { ends_ = true; }
  // Hands over as much as fits.
  void push_input();

  // Reaps every child that ended. The exit code once the command has.
  [[nodiscard]] std::optional<int> reap();

 private:
  static std::string take(int& fd);

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int error_ = -1;
  bool ends_ = false;
  std::string unread_;
  std::string start_error_;
  std::optional<int> code_;
};

}  // namespace qaic::sim::vm::guest
