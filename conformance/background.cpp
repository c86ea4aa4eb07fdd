#include "conformance/background.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "os/file.hpp"

namespace qaic::conformance {

namespace {

// How long a machine that is busy may keep a thread from its call.
constexpr std::chrono::seconds kPatience{10};

// What the kernel says of a thread of ours that is not running: the number of its
// system call, then the arguments.
bool in_ioctl(pid_t thread) {
  const auto text = os::read_text("/proc/self/task/" + std::to_string(thread) + "/syscall");
  return !text.has_value() || text->starts_with(std::to_string(SYS_ioctl) + " ");
}

}  // namespace

Background::Background(std::function<int()> call) {
  std::promise<pid_t> started;
  auto thread = started.get_future();
  result_ = std::async(std::launch::async, [call = std::move(call), started = std::move(started)]() mutable {
    started.set_value(::gettid());
    return call();
  });
  const pid_t id = thread.get();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done() && !in_ioctl(id) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(kAsleep);
}

}  // namespace qaic::conformance
