#include "os/daemon.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace qaic::os {

namespace {

void close_files(unsigned first, unsigned last) {
  if (first <= last) (void)::syscall(SYS_close_range, first, last, 0);
}

[[noreturn]] void be_daemon(const FdChannel& parent, const std::function<int(const FdChannel&)>& body) {
  (void)::setsid();
  (void)!::chdir("/");
  const int null = ::open("/dev/null", O_RDWR);
  for (int stream = 0; stream < 3 && null >= 0; ++stream) (void)::dup2(null, stream);
  // A pipe or lock of the command's caller must not stay open as long as we live.
  const auto kept = static_cast<unsigned>(parent.fd());
  if (kept > 3) close_files(3, kept - 1);
  close_files(kept + 1, ~0U);
  ::_exit(body(parent));
}

}  // namespace

base::Result<std::string> start_daemon(const std::function<int(const FdChannel& parent)>& body) {
  QAIC_TRY(auto ends, FdChannel::pair());
  const pid_t process = ::fork();
  if (process < 0) {
    return base::fail(base::system_error(errno, "daemon-start", "cannot start a process"));
  }
  if (process == 0) be_daemon(ends.second, body);
  ends.second = FdChannel(Fd());
  QAIC_TRY(auto message, ends.first.receive());
  if (message.text.empty()) {
    int status = 0;
    (void)::waitpid(process, &status, WNOHANG);
  }
  return std::move(message.text);
}

}  // namespace qaic::os
