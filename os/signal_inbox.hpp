// Signals taken as events instead of interruptions.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

class SignalInbox {
 public:
  struct Signal {
    int number = 0;
    bool from_kernel = false;  // a key pressed at the terminal, for instance
  };

  // From now on these signals reach the calling thread only through take().
  static base::Result<SignalInbox> create(std::initializer_list<int> numbers);

  // Readable while signals wait.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Never blocks.
  [[nodiscard]] std::vector<Signal> take();
  // For a child process before it executes another program: signals as they
  // were before create().
  void restore() const;

 private:
  SignalInbox(Fd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}
  Fd fd_;
  sigset_t before_;
};

}  // namespace qaic::os
