// The guest's first process: makes the guest look like the host, loads the
// driver, waits for the cards, runs the command, and tells the host about it.
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "sim/vm/frame.hpp"
#include "sim/vm/guest/cards.hpp"
#include "sim/vm/guest/command.hpp"
#include "sim/vm/guest/system.hpp"
#include "sim/vm/guest_plan.hpp"

namespace qaic::sim::vm::guest {
namespace {

using Clock = std::chrono::steady_clock;

const std::string kRoot = "/host";

std::string nine_p(const char* more) {
  return std::string("trans=virtio,version=9p2000.L,msize=512000,") + more;
}

// The host's files, read-only, with the guest's own kernel file systems; only
// the plan's folders can be written. It becomes the root of everything,
// firmware look-ups of the kernel included.
void enter_host_files(const GuestPlan& plan) {
  make_folders(kRoot);
  mount_at(kRootTag, kRoot, "9p", MS_RDONLY, nine_p("cache=loose"));
  mount_at("run", kRoot + "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  make_folders(kRoot + "/run/qaic-vm");
  if (!plan.driver.empty()) copy_file(plan.driver, kRoot + kDriverInGuest);
  if (!plan.firmware_tag.empty()) {
    const std::string images = kRoot + kFirmwareInGuest + "/qcom/aic100";
    make_folders(images);
    mount_at(plan.firmware_tag.c_str(), images, "9p", MS_RDONLY, nine_p("cache=loose"));
  }
  for (const Share& share : plan.writable) {
    mount_at(share.tag.c_str(), kRoot + share.path, "9p", 0, nine_p("cache=mmap"));
  }
  for (const char* folder : {"/dev", "/proc", "/sys"}) {
    mount_at(folder, kRoot + folder, nullptr, MS_MOVE, {});
  }
  ::mkdir((kRoot + "/dev/shm").c_str(), 01777);
  ::mkdir((kRoot + "/dev/pts").c_str(), 0755);
  mount_at("shm", kRoot + "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("pts", kRoot + "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666");
  ::mount("debug", (kRoot + "/sys/kernel/debug").c_str(), "debugfs", 0, nullptr);
  if (::symlink("/proc/self/fd", (kRoot + "/dev/fd").c_str()) < 0 && errno != EEXIST) give_up("no /dev/fd");
  if (::chdir(kRoot.c_str()) < 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || ::chroot(".") < 0 ||
      ::chdir("/") < 0) {
    give_up(std::string("cannot make the host's files the root: ") + std::strerror(errno));
  }
}

void bring_up_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (fd >= 0) ::ioctl(fd, SIOCSIFFLAGS, &request);
  if (fd >= 0) ::close(fd);
}

// The port to the host; virtio devices appear a moment after their driver.
int open_port() {
  for (int tries = 0; tries < 1000; ++tries) {
    for (const std::string& name : names_in("/sys/class/virtio-ports")) {
      if (read_whole("/sys/class/virtio-ports/" + name + "/name") != std::string(kPortName) + "\n") continue;
      const int fd = ::open(("/dev/" + name).c_str(), O_RDWR | O_CLOEXEC);
      if (fd >= 0) return fd;
    }
    ::usleep(10000);
  }
  give_up("the kernel has no virtio-serial port " + std::string(kPortName) + " (CONFIG_VIRTIO_CONSOLE)");
}

class Session {
 public:
  Session(GuestPlan plan, int port, int signals)
      : plan_(std::move(plan)),
        port_(port),
        signals_(signals),
        log_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)),
        cards_(plan_.nodes, plan_.driver.empty()) {}

  void say(FrameKind kind, std::string_view payload) { write_everything(port_, encode_frame(kind, payload)); }

  void load_driver() {
    if (plan_.driver.empty()) return;
    const std::string failure = load_module(kDriverInGuest, plan_.driver_parameters);
    if (!failure.empty()) say(FrameKind::note, "the driver cannot be loaded: " + failure);
  }

  // Until the command has ended.
  void serve() {
    deadline_ = Clock::now() + std::chrono::milliseconds(plan_.ready_timeout_ms);
    for (;;) {
      if (!command_) start_when_ready();
      if (command_) {
        command_->push_input();
        ask_for_input();
        if (const auto code = command_->reap()) return finish(*code);
      }
      wait();
    }
  }

 private:
  void start_when_ready() {
    cards_.take_events();
    const bool all = cards_.all_online();
    if (!all && Clock::now() < deadline_) return;
    if (!all && plan_.ready_timeout_ms > 0) {
      say(FrameKind::note, std::to_string(cards_.expected() - cards_.online()) + " of " +
                               std::to_string(cards_.expected()) +
                               " cards did not come up in time; the command runs nevertheless");
    }
    command_ = std::make_unique<Command>(plan_);
    if (!command_->start_error().empty()) say(FrameKind::not_started, command_->start_error());
  }

  void ask_for_input() {
    if (asked_ || command_->input() < 0 || command_->has_unread_input()) return;
    say(FrameKind::want_input, {});
    asked_ = true;
  }

  void wait() {
    std::array<pollfd, 7> watched{};
    nfds_t count = 0;
    const auto watch = [&](int fd, short events) {
      if (fd >= 0) watched[count++] = {fd, events, 0};
    };
    watch(port_, POLLIN);
    watch(signals_, POLLIN);
    watch(log_, POLLIN);
    watch(cards_.fd(), POLLIN);
    if (command_) {
      watch(command_->output(), POLLIN);
      watch(command_->error(), POLLIN);
      if (command_->has_unread_input()) watch(command_->input(), POLLOUT);
    }
    (void)::poll(watched.data(), count, command_ ? -1 : 50);
    std::array<signalfd_siginfo, 8> infos{};
    while (::read(signals_, infos.data(), sizeof infos) > 0) {
    }
    if ((watched[0].revents & POLLIN) != 0) take_input();
    if ((watched[0].revents & (POLLHUP | POLLERR)) != 0) power_off();  // the host is gone
    forward_log();
    if (command_) {
      cards_.take_events();
      (void)forward_streams();
    }
  }

  void take_input() {
    std::array<char, 65536> piece{};
    const ssize_t got = ::read(port_, piece.data(), piece.size());
    if (got > 0) reader_.append({piece.data(), static_cast<std::size_t>(got)});
    for (;;) {
      auto frame = reader_.next();
      if (!frame) give_up(frame.error().what);
      if (!*frame) return;
      if (!command_) continue;
      if ((*frame)->kind == FrameKind::input) {
        command_->give_input(std::move((*frame)->payload));
        asked_ = false;
      } else if ((*frame)->kind == FrameKind::end_of_input) {
        command_->end_input();
      }
    }
  }

  void forward_log() {
    std::array<char, 8192> record{};
    for (;;) {
      const ssize_t got = ::read(log_, record.data(), record.size());
      if (got < 0 && errno == EPIPE) continue;  // records were lost, the next one is there
      if (got <= 0) return;
      say(FrameKind::log, {record.data(), static_cast<std::size_t>(got)});
    }
  }

  // True if anything came.
  bool forward_streams() {
    const std::string output = command_->take_output();
    const std::string error = command_->take_error();
    if (!output.empty()) say(FrameKind::standard_output, output);
    if (!error.empty()) say(FrameKind::standard_error, error);
    return !output.empty() || !error.empty();
  }

  void finish(int code) {
    while (forward_streams()) {
    }
    ::sync();
    forward_log();
    say(FrameKind::ended, std::to_string(code));
  }

  GuestPlan plan_;
  int port_;
  int signals_;
  int log_;
  Cards cards_;
  FrameReader reader_;
  std::unique_ptr<Command> command_;
  bool asked_ = false;
  Clock::time_point deadline_;
};

int run() {
  for (const char* folder : {"/dev", "/proc", "/sys"}) ::mkdir(folder, 0755);
  mount_at("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
  mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, {});
  mount_at("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, {});
  const int console = ::open("/dev/console", O_RDWR);
  for (int fd = 0; fd < 3 && console >= 0; ++fd) ::dup2(console, fd);

  auto plan = decode_plan(read_whole(kPlanFile));
  if (!plan) give_up(plan.error().what);
  for (const std::string& module : plan->modules) {
    const std::string failure = load_module(module, {});
    if (!failure.empty()) give_up("cannot load " + module + ": " + failure);
  }
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const int signals = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  const int port = open_port();
  bring_up_loopback();
  if (::sethostname("qaic-vm", 7) < 0) give_up("no host name");
  enter_host_files(*plan);
  Session session(std::move(*plan), port, signals);
  session.say(FrameKind::running, {});
  session.load_driver();
  session.serve();
  power_off();
}

}  // namespace
}  // namespace qaic::sim::vm::guest

int main() {
  return qaic::sim::vm::guest::run();
}
