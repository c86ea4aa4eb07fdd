#include "sim/syscall/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "os/file.hpp"
#include "os/namespace.hpp"
#include "os/owned_files.hpp"
#include "sim/syscall/open_node.hpp"
#include "sim/syscall/sys_tree.hpp"
#include "sim/syscall/watched_calls.hpp"

namespace qaic::sim::syscall {

using base::Result;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// In the process that runs the program: its view of /sys and /dev. Gives the
// folders of the cards' devices and nodes, writable, and the roots of the
// memory file systems below /sys.
Result<std::vector<os::Fd>> prepare_view(const Supervisor::View& view) {
  const auto folder = os::working_folder();
  QAIC_CHECK(os::enter_mount_namespace());
  QAIC_TRY(const auto sys_mounts, os::lay_over("/sys", view.sys));
  QAIC_TRY(const auto dev_mounts, os::lay_over("/dev", view.dev));
  std::vector<os::Fd> out;
  QAIC_TRY(os::Fd devices, os::detached_mount("/sys/" + view.root));
  out.push_back(std::move(devices));
  QAIC_TRY(os::Fd nodes, os::detached_mount("/dev/accel"));
  out.push_back(std::move(nodes));
  for (const std::string& mount : sys_mounts) {
    QAIC_TRY(os::Fd root, os::detached_mount(mount));
    out.push_back(std::move(root));
  }
  auto mounts = sys_mounts;
  mounts.insert(mounts.end(), dev_mounts.begin(), dev_mounts.end());
  for (const std::string& mount : mounts) {
    QAIC_CHECK(os::make_mount_read_only(mount));
  }
  // The working folder may lie in what was just covered.
  if (folder) os::change_folder(*folder);
  return out;
}

}  // namespace

Supervisor::Supervisor(Options options, os::ProcessTree tree, os::SeccompListener listener,
                       os::CloseWatch closes)
    : options_(std::move(options)),
      tree_(std::move(tree)),
      listener_(std::move(listener)),
      closes_(std::move(closes)) {}

Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::start(Options options, std::vector<std::string> command,
                                                      View view) {
  QAIC_TRY(auto closes, os::CloseWatch::create());
  os::ProcessTree::Setup setup;
  setup.command = std::move(command);
  setup.signals = &options.signals;
  setup.prepare = [&view] { return prepare_view(view); };
  setup.last_step = [] { return os::install_filter(watched_calls()); };
  QAIC_TRY(auto tree, os::ProcessTree::start(std::move(setup)));
  auto prepared = tree.take_prepared();
  os::SeccompListener listener(tree.take_last_step());
  std::unique_ptr<Supervisor> out(
      new Supervisor(std::move(options), std::move(tree), std::move(listener), std::move(closes)));
  if (prepared.size() < 2) {
    return base::fail(
        base::make_error(base::ErrorKind::internal, "sim-view", "the program's view was not handed over"));
  }
  out->devices_ = std::move(prepared[0]);
  out->devices_path_ = view.root;
  for (const Node& node : out->options_.nodes) {
    const auto identity = os::identity_at(prepared[1].get(), "accel" + std::to_string(node.slot.minor));
    if (!identity) {
      return base::fail(
          base::make_error(base::ErrorKind::internal, "sim-view", "a node is missing in /dev/accel"));
    }
    out->placeholders_.push_back(*identity);
  }
  for (std::size_t i = 2; i < prepared.size(); ++i) {
    const auto identity = os::identity_of_fd(prepared[i].get());
    if (identity) out->sys_devices_.insert(identity->device);
  }
  return out;
}

Result<os::ProcessTree::Outcome> Supervisor::serve() {
  QAIC_CHECK(tree_.release());
  while (!ended_) step();
  const auto outcome = tree_.wait();
  // Nobody of the tree is left; what they had open is closed by now, or soon.
  // A file that somebody outside received is taken away at last.
  constexpr milliseconds kPatience{200};
  const nanoseconds give_up = options_.now() + kPatience;
  while (!open_.empty() && options_.now() < give_up) {
    after_closes();
    for (auto at = open_.begin(); at != open_.end();) {
      OpenNode& file = *at->second;
      ++at;
      try_close(file);
    }
    run_cards();
    if (!open_.empty()) (void)::poll(nullptr, 0, 1);
  }
  while (!open_.empty()) {
    OpenNode& file = *open_.begin()->second;
    file.node->driver->close(file.file);
    by_watch_.erase(file.watch);
    closed_.push_back(std::move(open_.begin()->second));
    open_.erase(open_.begin());
  }
  run_cards();
  return outcome;
}

std::optional<nanoseconds> Supervisor::next_deadline() const {
  std::optional<nanoseconds> next;
  const auto consider = [&](nanoseconds at) {
    if (!next || at < *next) next = at;
  };
  for (const Node& node : options_.nodes) {
    if (const auto at = node.driver->next_deadline()) consider(*at);
  }
  for (const auto& [watch, file] : by_watch_) {
    if (file->ask_again) consider(file->ask_at);
  }
  if (!sleepers_.empty()) consider(next_signal_poll_);
  return next;
}

void Supervisor::step() {
  std::vector<pollfd> fds{{listener_.fd(), POLLIN, 0},
                          {tree_.fd(), POLLIN, 0},
                          {options_.signals.fd(), POLLIN, 0},
                          {closes_.fd(), POLLIN, 0}};
  constexpr std::size_t kFixedFds = 4;
  for (const Node& node : options_.nodes) {
    if (node.cores_fd >= 0) fds.push_back({node.cores_fd, POLLIN, 0});
  }
  timespec timeout{};
  const auto deadline = next_deadline();
  if (deadline) {
    const nanoseconds left = std::max(*deadline - options_.now(), nanoseconds{0});
    timeout.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
  }
  (void)::ppoll(fds.data(), fds.size(), deadline ? &timeout : nullptr, nullptr);

  std::optional<os::Notification> call;
  if ((fds[0].revents & POLLIN) != 0) call = listener_.receive();
  // What happened before the call must be known before it is answered: files
  // closed, callers gone, work done by the card.
  if (!open_.empty()) after_closes();
  if (!sleepers_.empty()) check_sleepers();
  if ((fds[2].revents & POLLIN) != 0) forward_signals();
  // Asking all cores at every call would cost each ioctl a system call per card.
  for (std::size_t i = kFixedFds; i < fds.size(); ++i) {
    if ((fds[i].revents & POLLIN) != 0) collect_core_events(fds[i].fd);
  }
  run_cards();
  if (call) handle(*call);
  if (!closed_.empty()) bury();
  if ((fds[1].revents & (POLLIN | POLLHUP)) != 0) ended_ = true;
}

void Supervisor::forward_signals() {
  for (const auto& signal : options_.signals.take()) {
    // What the terminal sends, it sent to the program as well. SIGIO is a lease
    // of ours that somebody met.
    if (signal.from_kernel || signal.number == SIGIO) continue;
    tree_.signal(signal.number);
  }
}

void Supervisor::collect_core_events(int cores_fd) {
  for (const Node& node : options_.nodes) {
    if (node.cores_fd != cores_fd) continue;
    for (const auto& event : node.take_core_events()) node.driver->core_event(event);
    publish(node);
  }
}

void Supervisor::run_cards() {
  const nanoseconds now = options_.now();
  for (const Node& node : options_.nodes) {
    const auto at = node.driver->next_deadline();
    if (at && *at <= now) node.driver->tick();
    publish(node);
  }
}

void Supervisor::publish(const Node& node) {
  for (const driver::Uevent& uevent : node.driver->take_uevents()) {
    const std::string path = node.slot.accel_path();
    for (const auto& [name, value] : uevent.environment) {
      if (name != "DBC_ID") continue;
      const unsigned dbc = static_cast<unsigned>(std::stoul(value));
      const std::string file = path.substr(devices_path_.size() + 1) + "/dbc" + value + "_state";
      os::overwrite_at(devices_.get(), file, std::to_string(node.driver->dbc_state(base::DbcId(dbc))) + "\n");
    }
    if (!uevents_) continue;  // nobody listens
    std::vector<std::pair<std::string, std::string>> variables{
        {"ACTION", uevent.action}, {"DEVPATH", "/" + path}, {"SUBSYSTEM", "accel"}};
    variables.insert(variables.end(), uevent.environment.begin(), uevent.environment.end());
    for (auto& variable : accel_uevent(node.slot)) variables.push_back(std::move(variable));
    const auto announced = uevents_->announce(uevent.action, "/" + path, variables);
    if (!announced && options_.warn) options_.warn(announced.error());
  }
}

}  // namespace qaic::sim::syscall
