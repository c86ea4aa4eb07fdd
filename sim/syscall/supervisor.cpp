#include "sim/syscall/supervisor.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

using base::Result;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Supervisor::Supervisor(Options options, os::CloseWatch closes)
    : options_(std::move(options)), closes_(std::move(closes)) {
  options_.sys.states.resize(options_.nodes.size());
  attributes_ = writable_attributes(options_.sys);
}

Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::create(Options options) {
  QAIC_TRY(auto closes, os::CloseWatch::create());
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(options), std::move(closes)));
}

View Supervisor::view() const {
  return {sys_tree(options_.sys), dev_tree(options_.sys)};
}

Supervisor::ProgramId Supervisor::add(Entrance entrance, std::string name) {
  auto run = std::make_unique<Run>();
  run->name = std::move(name);
  run->listener = std::make_shared<os::SeccompListener>(std::move(entrance.listener));
  run->sys = std::move(entrance.sys);
  run->accel = std::move(entrance.accel);
  run->file_systems = std::move(entrance.file_systems);
  run->shown = std::move(entrance.shown);
  const ProgramId id{next_program_++};
  runs_.emplace(id, std::move(run));
  refresh();  // cards may have changed since its view was made
  return id;
}

void Supervisor::end(ProgramId program, std::function<void()> done) {
  constexpr milliseconds kPatience{200};
  const auto at = runs_.find(program);
  if (at == runs_.end()) return done();
  at->second->when_ended = std::move(done);
  at->second->give_up = options_.now() + kPatience;
}

bool Supervisor::deserted(ProgramId program) const {
  const auto at = runs_.find(program);
  return at == runs_.end() || at->second->deserted;
}

void Supervisor::watch(int fd, std::function<void()> readable) {
  watched_[fd] = std::move(readable);
}

void Supervisor::unwatch(int fd) {
  watched_.erase(fd);
}

std::vector<Supervisor::Holder> Supervisor::holders() const {
  std::vector<Holder> out;
  for (const auto& [identity, file] : open_) {
    Holder holder{file->slot, file->process, {}, {}};
    for (const auto& [id, run] : runs_) {
      if (run.get() != file->run) continue;
      holder.program = id;
      holder.name = run->name;
    }
    out.push_back(std::move(holder));
  }
  return out;
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
  if (look_at_given_.count() != 0) consider(look_at_given_);
  for (const auto& [slot, end] : dumps_end_) consider(end);
  for (const auto& [slot, due] : debug_due_) consider(due);
  for (const auto& [id, run] : runs_) {
    if (run->when_ended) consider(options_.now() + milliseconds(1));
  }
  if (!sleepers_.empty()) consider(next_signal_poll_);
  return next;
}

void Supervisor::step() {
  std::vector<pollfd> fds{{closes_.fd(), POLLIN, 0}};
  std::vector<std::pair<std::size_t, ProgramId>> listeners;  // position in fds
  for (const auto& [id, run] : runs_) {
    if (run->deserted) continue;
    listeners.emplace_back(fds.size(), id);
    fds.push_back({run->listener->fd(), POLLIN, 0});
  }
  const std::size_t first_watched = fds.size();
  for (const auto& [fd, readable] : watched_) fds.push_back({fd, POLLIN, 0});
  const std::size_t first_cores = fds.size();
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

  std::vector<std::pair<ProgramId, os::Notification>> calls;
  for (const auto& [position, id] : listeners) {
    const short events = fds[position].revents;
    if ((events & POLLIN) != 0) {
      if (auto call = runs_[id]->listener->receive()) calls.emplace_back(id, *call);
    } else if ((events & POLLHUP) != 0) {
      runs_[id]->deserted = true;
    }
  }
  // What happened before a call must be known before it is answered: files
  // closed, callers gone, work done by the card.
  // The watch speaks once more after the last file went: that is taken too.
  if (!open_.empty() || !given_.empty() || (fds[0].revents & POLLIN) != 0) after_closes();
  if (!calls.empty()) close_what_ended();
  if (!sleepers_.empty()) check_sleepers();
  // Asking all cores at every call would cost each ioctl a system call per card.
  for (std::size_t i = first_cores; i < fds.size(); ++i) {
    if ((fds[i].revents & POLLIN) != 0) collect_core_events(fds[i].fd);
  }
  run_cards();
  for (const auto& [id, call] : calls) {
    if (const auto run = runs_.find(id); run != runs_.end()) handle(*run->second, call);
  }
  if (!closed_.empty()) bury();
  for (std::size_t i = first_watched; i < first_cores; ++i) {
    if ((fds[i].revents & (POLLIN | POLLHUP)) == 0) continue;
    const auto at = watched_.find(fds[i].fd);
    if (at == watched_.end()) continue;
    const auto readable = at->second;  // may unwatch itself
    readable();
  }
  carry_on_ending();
}

void Supervisor::collect_core_events(int cores_fd) {
  for (std::size_t slot = 0; slot < options_.nodes.size(); ++slot) {
    const Node& node = options_.nodes[slot];
    if (node.cores_fd != cores_fd) continue;
    for (const auto& event : node.take_core_events()) node.driver->core_event(event);
    publish(slot);
  }
}

void Supervisor::run_cards() {
  const nanoseconds now = options_.now();
  for (std::size_t slot = 0; slot < options_.nodes.size(); ++slot) {
    driver::Driver& driver = *options_.nodes[slot].driver;
    const auto at = driver.next_deadline();
    if (at && *at <= now) driver.tick();
    publish(slot);
    const auto dump = dumps_end_.find(slot);
    if (dump != dumps_end_.end() && dump->second <= now) drop_dump(slot);
  }
}

}  // namespace qaic::sim::syscall
