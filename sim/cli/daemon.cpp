#include "sim/cli/daemon.hpp"

#include <utility>

#include "sim/cli/fault_order.hpp"
#include "sim/syscall/program.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::make_error;
using base::Result;
using nlohmann::json;

Daemon::Daemon(Parts parts)
    : parts_(std::move(parts)), listener_(std::move(parts_.listener)), since_(utc_now()) {}

std::vector<Link> Daemon::run() {
  parts_.supervisor.watch(listener_->fd(), [this] { welcome(); });
  parts_.supervisor.watch(parts_.signals.fd(), [this] {
    for (const auto& signal : parts_.signals.take()) stopping_ |= signal.number != SIGIO;
  });
  while (!stopping_) {
    parts_.supervisor.step();
    part();
  }
  parts_.log.add("qaic-sim", "stopped");
  listener_.reset();
  std::vector<Link> waiting;
  for (Client& client : clients_) waiting.push_back(std::move(client.link));
  clients_.clear();
  return waiting;
}

void Daemon::welcome() {
  constexpr std::size_t kMost = 256;  // commands at once
  while (auto stream = listener_->accept()) {
    if (clients_.size() >= kMost) continue;
    Client& client = clients_.emplace_back(Link(std::move(*stream)));
    parts_.supervisor.watch(client.link.fd(), [this, &client] { hear(client); });
  }
}

void Daemon::hear(Client& client) {
  while (auto message = client.link.receive()) {
    if (const auto done = answer(client, std::move(*message)); !done) client.link.send(done.error());
  }
}

// Who is gone: its program's processes die with it.
void Daemon::part() {
  for (auto at = clients_.begin(); at != clients_.end();) {
    Client& client = *at;
    if (client.link.closed() && client.watched) {
      client.watched = false;
      parts_.supervisor.unwatch(client.link.fd());
      if (client.program) end(client);
    }
    at = client.watched || client.program ? std::next(at) : clients_.erase(at);
  }
}

Result<void> Daemon::answer(Client& client, Link::Message message) {
  const std::string order = text_of(message.fields, "do");
  if (order == "join") return join(client);
  if (order == "serve") return serve(client, std::move(message));
  if (order == "end") {
    if (client.program) {
      end(client);
    } else {
      client.link.send(json::object());
    }
    return {};
  }
  if (order == "status") {
    QAIC_TRY(const os::Fd text, to_fd(status().dump(-1, ' ', false, json::error_handler_t::replace)));
    const int fd = text.get();
    client.link.send(json::object(), {&fd, 1});
    return {};
  }
  if (order == "stop") return stop(client, message.fields);
  if (order == "inject") {
    QAIC_CHECK(inject(message.fields));
    client.link.send(json::object());
    return {};
  }
  return base::fail(make_error(ErrorKind::internal, "sim-order", "the cards do not know the order " + order,
                               "use the qaic-sim that started them, or start them anew"));
}

Result<void> Daemon::join(Client& client) {
  auto view = parts_.supervisor.view();
  QAIC_TRY(const os::Fd sys, to_fd(view.sys.pack()));
  QAIC_TRY(const os::Fd dev, to_fd(view.dev.pack()));
  std::vector<int> fds{sys.get(), dev.get()};
  if (parts_.user_namespace.valid()) fds.push_back(parts_.user_namespace.get());
  client.shown = std::move(view);
  client.link.send(json::object(), fds);
  return {};
}

Result<void> Daemon::serve(Client& client, Link::Message message) {
  if (message.fds.size() != 3 || !client.shown || client.program) {
    return base::fail(make_error(ErrorKind::internal, "sim-view", "a program was not handed over whole"));
  }
  syscall::Entrance entrance;
  entrance.listener = std::move(message.fds[0]);
  entrance.sys = std::move(message.fds[1]);
  entrance.accel = std::move(message.fds[2]);
  if (const auto at = message.fields.find("file_systems"); at != message.fields.end() && at->is_array()) {
    for (const json& device : *at) {
      if (device.is_number_unsigned()) entrance.file_systems.insert(device.get<std::uint64_t>());
    }
  }
  entrance.shown = std::move(*client.shown);
  client.shown.reset();
  client.name = text_of(message.fields, "name");
  client.process = number_of(message.fields, "process");
  client.since = utc_now();
  client.program = parts_.supervisor.add(std::move(entrance), client.name);
  parts_.log.add("qaic-sim", client.name + " (process " + std::to_string(client.process) + ") joined");
  client.link.send(json::object());
  return {};
}

void Daemon::end(Client& client) {
  if (client.ending) return;
  client.ending = true;
  parts_.supervisor.end(*client.program, [this, &client] {
    client.program.reset();
    client.ending = false;
    parts_.log.add("qaic-sim", client.name + " (process " + std::to_string(client.process) + ") left");
    client.link.send(json::object());
  });
}

std::size_t Daemon::joined() const {
  std::size_t count = 0;
  for (const Client& client : clients_) {
    if (client.program) ++count;
  }
  return count;
}

Result<void> Daemon::stop(Client& client, const json& order) {
  const auto force = order.find("force");
  if (joined() > 0 && (force == order.end() || *force != true)) {
    return base::fail(
        make_error(ErrorKind::refused, "sim-joined",
                   std::to_string(joined()) + " program(s) run on the cards called " + parts_.name,
                   "see them with qaic-sim status; kill them with: qaic-sim stop --force " + parts_.name));
  }
  client.link.send(json::object());
  stopping_ = true;
  return {};
}

Result<void> Daemon::inject(const json& order) {
  const std::string kind = text_of(order, "kind");
  if (kind == "rescan") {
    parts_.supervisor.rescan();
    return {};
  }
  const std::uint64_t slot = number_of(order, "card");
  if (slot >= parts_.cards.size()) {
    return base::fail(
        make_error(ErrorKind::no_card, "sim-no-card",
                   "there is no card " + std::to_string(slot) + " among the cards called " + parts_.name,
                   "see them with: qaic-sim status " + parts_.name));
  }
  const auto& state = parts_.supervisor.state(slot);
  if (!(kind == "remove" ? state.present : state.bound)) {
    return base::fail(
        make_error(ErrorKind::unavailable, "not-ready",
                   parts_.cards.name(slot) + (state.present ? " has no driver" : " was removed"),
                   "get it back with: qaic-sim inject rescan"));
  }
  driver::Driver& driver = parts_.cards.driver(slot);
  QAIC_TRY(const bool done, inject_into(driver.card(), order));
  if (!done) {
    if (kind == "sys-err") {
      driver.reset_soc();
    } else if (kind == "remove") {
      parts_.supervisor.pull_out(slot);
    } else {
      return base::fail(make_error(ErrorKind::usage, "usage", "no fault is called " + kind));
    }
  }
  parts_.log.add(parts_.cards.name(slot), "injected: " + kind);
  parts_.supervisor.follow(slot);
  return {};
}

}  // namespace qaic::sim::cli
