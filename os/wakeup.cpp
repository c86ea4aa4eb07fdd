#include "os/wakeup.hpp"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace qaic::os {

base::Result<Fd> make_event() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return base::fail(base::system_error(errno, "eventfd", "cannot make an eventfd"));
  return event;
}

void set_event(int fd) {
  const std::uint64_t one = 1;
  // A full counter is readable already; nothing else can fail here.
  [[maybe_unused]] const ssize_t done = ::write(fd, &one, sizeof(one));
}

void clear_event(int fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t done = ::read(fd, &count, sizeof(count));
}

base::Result<FdSet> FdSet::create() {
  FdSet set;
  set.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!set.epoll_.valid()) {
    return base::fail(base::system_error(errno, "epoll", "cannot make an epoll instance"));
  }
  return set;
}

base::Result<void> FdSet::add(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::fail(base::system_error(errno, "epoll", "cannot watch descriptor " + std::to_string(fd)));
  }
  return {};
}

void FdSet::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::vector<std::uint64_t> FdSet::ready() {
  std::array<epoll_event, 64> events{};
  int count = 0;
  do {
    count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  } while (count < 0 && errno == EINTR);
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;  // the struct is packed
    keys.push_back(key);
  }
  return keys;
}

void futex_wake_all(const std::uint32_t* word) {
  ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace qaic::os
