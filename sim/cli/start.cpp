#include "sim/cli/start.hpp"

#include <signal.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "os/daemon.hpp"
#include "os/namespace.hpp"
#include "os/owned_files.hpp"
#include "os/private_folder.hpp"
#include "sim/cli/cards.hpp"
#include "sim/cli/command_line.hpp"
#include "sim/cli/daemon.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/link.hpp"
#include "sim/cli/log.hpp"
#include "sim/cli/status_view.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;
using nlohmann::json;

namespace {

struct Options {
  std::string name = kDefaultName;
  CardOptions cards;
};

// Nothing: go on. Otherwise the exit code.
std::optional<int> parse(std::vector<std::string> arguments, Options& options) {
  CLI::App app(
      "Starts simulated cards that stay until `qaic-sim stop`; `qaic-sim run` runs programs on them.",
      "qaic-sim start");
  app.add_option("NAME", options.name, "For the cards (default: default)");
  options.cards.add_to(app);
  return parse_command_line(app, std::move(arguments));
}

// The cards' process works at the root folder, and reads images again after a reset.
void make_absolute(std::string& path) {
  if (path.empty() || path[0] == '/') return;
  if (const auto folder = os::working_folder()) path = *folder + "/" + path;
}

Result<void> be_cards(const Options& options, const std::string& socket, const os::FdChannel& command) {
  std::vector<Link> waiting;  // first, so that they see the end of all the rest
  auto listener = os::LocalListener::create(socket);
  if (!listener) {
    if (listener.error().id != "socket-in-use") return base::fail(std::move(listener).error());
    return base::fail(base::make_error(
        ErrorKind::unavailable, "sim-running", "cards called " + options.name + " are running already",
        "stop them with qaic-sim stop " + options.name + ", or choose another name"));
  }
  QAIC_TRY(auto log, Log::create(options.cards.log));
  QAIC_TRY(auto signals, os::SignalInbox::create({SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGIO}));
  const bool root = os::may_make_namespaces();
  os::Fd user_namespace;
  if (!root) {
    QAIC_CHECK(os::enter_user_namespace());
    QAIC_TRY(user_namespace, os::own_user_namespace());
  }
  QAIC_TRY(const auto cards, Cards::boot(options.cards));
  QAIC_TRY(const auto supervisor,
           cards->supervise(root ? Cards::Config::whole : Cards::Config::header, &log));
  Daemon daemon({options.name, options.cards.log, *cards, *supervisor, log, signals, std::move(*listener),
                 std::move(user_namespace)});
  log.add("qaic-sim", "started " + std::to_string(cards->size()) + " card(s) called " + options.name);
  QAIC_CHECK(command.send("{}"));
  waiting = daemon.run();
  return {};
}

Result<void> start_cards(Options options) {
  QAIC_TRY(const std::string socket, socket_path(options.name));
  QAIC_CHECK(os::make_private_folder(socket.substr(0, socket.rfind('/'))));
  make_absolute(options.cards.firmware);
  make_absolute(options.cards.log);
  if (options.cards.log.empty()) options.cards.log = socket + ".log";
  QAIC_TRY(const std::string answer, os::start_daemon([&](const os::FdChannel& command) {
             const auto done = be_cards(options, socket, command);
             if (!done) (void)command.send(error_text(done.error()));
             return done ? 0 : static_cast<int>(done.error().kind);
           }));
  if (const auto error = error_of(answer)) return base::fail(*error);
  QAIC_TRY(const json status, ask_status(options.name));
  std::fputs(status_text(status).c_str(), stdout);
  return {};
}

}  // namespace

int start(std::vector<std::string> arguments) {
  Options options;
  if (const auto code = parse(std::move(arguments), options)) return *code;
  const auto done = start_cards(std::move(options));
  return done ? 0 : print_failure(done.error());
}

}  // namespace qaic::sim::cli
