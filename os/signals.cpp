#include "os/signals.hpp"

#include <initializer_list>

namespace qaic::os {

SignalsHeld::SignalsHeld() {
  sigset_t held;
  ::sigfillset(&held);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) ::sigdelset(&held, fault);
  ::pthread_sigmask(SIG_SETMASK, &held, &before_);
}

SignalsHeld::~SignalsHeld() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace qaic::os
