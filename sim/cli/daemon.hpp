// The process that keeps cards alive between commands: it serves the programs
// that join, and answers status, inject and stop. Lives on one thread.
#pragma once

#include <signal.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.hpp"
#include "os/local_stream.hpp"
#include "os/signal_inbox.hpp"
#include "sim/cli/cards.hpp"
#include "sim/cli/link.hpp"
#include "sim/cli/log.hpp"
#include "sim/syscall/supervisor.hpp"

namespace qaic::sim::cli {

class Daemon {
 public:
  struct Parts {
    std::string name;
    std::string log_path;
    Cards& cards;
    syscall::Supervisor& supervisor;
    Log& log;
    os::SignalInbox& signals;
    os::LocalListener listener;
    os::Fd user_namespace;  // that programs must join; invalid: none
  };
  explicit Daemon(Parts parts);

  // Until it is told to stop; then nobody can connect any more. Gives the
  // commands that are connected: they wait for the end of this process, so they
  // are to be kept until everything else is gone.
  [[nodiscard]] std::vector<Link> run();

 private:
  struct Client {
    explicit Client(Link link_) : link(std::move(link_)) {}
    Link link;
    std::optional<syscall::View> shown;  // what a program that joins was given
    std::optional<syscall::Supervisor::ProgramId> program;
    std::string name;
    std::uint64_t process = 0;
    std::string since;
    bool watched = true;
    bool ending = false;
  };

  void welcome();
  void hear(Client& client);
  [[nodiscard]] base::Result<void> answer(Client& client, Link::Message message);
  [[nodiscard]] base::Result<void> join(Client& client);
  [[nodiscard]] base::Result<void> serve(Client& client, Link::Message message);
  void end(Client& client);
  [[nodiscard]] base::Result<void> stop(Client& client, const nlohmann::json& order);
  [[nodiscard]] base::Result<void> inject(const nlohmann::json& order);
  [[nodiscard]] nlohmann::json status() const;
  [[nodiscard]] nlohmann::json card_status(std::size_t slot) const;
  [[nodiscard]] std::size_t joined() const;
  void part();

  Parts parts_;
  std::optional<os::LocalListener> listener_;
  std::string since_;
  std::list<Client> clients_;
  bool stopping_ = false;
};

}  // namespace qaic::sim::cli
