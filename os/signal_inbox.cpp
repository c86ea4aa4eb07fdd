#include "os/signal_inbox.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace qaic::os {

base::Result<SignalInbox> SignalInbox::create(std::initializer_list<int> numbers) {
  sigset_t wanted;
  sigset_t before;
  ::sigemptyset(&wanted);
  for (const int number : numbers) ::sigaddset(&wanted, number);
  if (::sigprocmask(SIG_BLOCK, &wanted, &before) < 0) {
    return base::fail(base::system_error(errno, "signal-inbox", "cannot hold back signals"));
  }
  Fd fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) {
    return base::fail(base::system_error(errno, "signal-inbox", "cannot receive signals as events"));
  }
  return SignalInbox(std::move(fd), before);
}

std::vector<SignalInbox::Signal> SignalInbox::take() {
  std::vector<Signal> out;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    out.push_back({static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL});
  }
  return out;
}

void SignalInbox::restore() const {
  (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace qaic::os
