#include "sim/vfio/server.hpp"

#include <algorithm>
#include <array>

#include "os/readiness.hpp"

namespace qaic::sim::vfio {

namespace {
// Between two looks at signals, cores and deadlines.
constexpr unsigned kMessagesAtOnce = 64;
}  // namespace

void Server::serve(os::SignalInbox& signals, const Work& work, Lifetime lifetime) {
  while (step(signals, work, lifetime)) {
  }
  client_.reset();
  work.after();
}

bool Server::step(os::SignalInbox& signals, const Work& work, Lifetime lifetime) {
  enum : std::size_t { kSignals, kListener, kEvents, kClient, kOrders };
  std::array<os::Watched, 5> watched;
  watched[kSignals].fd = signals.fd();
  watched[kListener].fd = listener_.fd();
  watched[kEvents].fd = work.events_fd;
  watched[kClient].fd = client_ ? client_->fd() : -1;
  watched[kClient].want_write = client_ && client_->must_write();
  if (work.orders_fd) watched[kOrders].fd = work.orders_fd();
  std::optional<std::chrono::nanoseconds> patience;
  if (const auto deadline = work.next_deadline()) {
    patience = std::max(*deadline - work.now(), std::chrono::nanoseconds{0});
  }
  os::wait_for(watched, patience);

  if (watched[kSignals].readable && !signals.take().empty()) return false;
  if (watched[kEvents].readable) work.on_event();
  if (const auto deadline = work.next_deadline(); deadline && *deadline <= work.now()) work.tick();
  const bool client_ready = watched[kClient].readable || watched[kClient].writable;
  if (client_ready && !client_->advance(kMessagesAtOnce)) {
    const bool was_client = client_->established();
    client_.reset();
    if (was_client && lifetime == Lifetime::one_client) return false;
  }
  if (watched[kOrders].readable) work.on_order();
  if (watched[kListener].readable) welcome();
  work.after();
  return true;
}

// One at a time: whoever comes while there is a client is sent away.
void Server::welcome() {
  auto stream = listener_.accept();
  if (stream && !client_) client_.emplace(std::move(*stream), endpoint_, memory_, interrupts_, statistics_);
}

}  // namespace qaic::sim::vfio
