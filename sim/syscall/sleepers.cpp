// Calls that sleep in the driver: their end, and what cuts them short.
#include <cerrno>
#include <vector>

#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

namespace {

// A caller that the supervisor has heard is woken by the kernel for fatal
// signals only; others are looked for while calls sleep.
constexpr std::chrono::milliseconds kSignalPoll{10};

}  // namespace

void Supervisor::end_sleeper(std::uint64_t id, int result) {
  const auto at = sleepers_.find(id);
  if (at == sleepers_.end()) return;
  (void)at->second.listener->respond(at->second.notification, result);
  sleepers_.erase(at);
}

void Supervisor::check_sleepers() {
  std::vector<std::uint64_t> gone;
  for (const auto& [id, sleeper] : sleepers_) {
    if (!sleeper.listener->valid(sleeper.notification)) gone.push_back(id);
  }
  for (const std::uint64_t id : gone) {
    const auto at = sleepers_.find(id);
    if (at == sleepers_.end()) continue;
    const std::size_t slot = at->second.slot;
    sleepers_.erase(at);
    (void)options_.nodes[slot].driver->interrupt(driver::CallId{id});
    publish(slot);
  }
  if (!sleepers_.empty() && options_.now() >= next_signal_poll_) poll_signals();
}

void Supervisor::poll_signals() {
  next_signal_poll_ = options_.now() + kSignalPoll;
  struct Hit {
    std::uint64_t id;
    int result;
  };
  std::vector<Hit> hits;
  for (auto& [id, sleeper] : sleepers_) {
    const auto pending = os::pending_signals(sleeper.thread);
    sleeper.seen_shared = pending.for_process ? sleeper.seen_shared + 1 : 0;
    if (pending.for_thread || (pending.for_process && pending.is_leader)) {
      hits.push_back({id, os::kRestartCall});
    } else if (sleeper.seen_shared > 1) {
      // Nobody else took it, so it is this thread's; but the kernel may not have
      // marked this thread, and only a marked one may be told to restart.
      hits.push_back({id, -EINTR});
    }
  }
  for (const Hit& hit : hits) {
    const auto at = sleepers_.find(hit.id);
    if (at == sleepers_.end()) continue;
    const std::size_t slot = at->second.slot;
    const auto result = options_.nodes[slot].driver->interrupt(driver::CallId{hit.id});
    end_sleeper(hit.id, result.value_or(hit.result));
    publish(slot);
  }
}

}  // namespace qaic::sim::syscall
