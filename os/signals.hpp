// Signals held back around a system call that must not be cut short.
#pragma once

#include <signal.h>

namespace qaic::os {

// While one of these lives, the calling thread takes no signal but those that
// its own faults raise; what arrives meanwhile is delivered afterwards.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

}  // namespace qaic::os
