#include "sim/cli/join.hpp"

#include <signal.h>

#include <array>
#include <utility>

#include "os/file_tree.hpp"
#include "os/namespace.hpp"
#include "os/readiness.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/program_signals.hpp"
#include "sim/syscall/program.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;
using nlohmann::json;

namespace {

// The view that the cards' process gives. To be looked after by it, a program
// must live in its user namespace, if it has one of its own.
Result<syscall::View> enter(Link& link) {
  (void)link.send(json{{"do", "join"}});
  QAIC_TRY(const auto welcome, link.wait());
  if (welcome.fds.size() < 2) {
    return base::fail(
        base::make_error(ErrorKind::internal, "sim-view", "the cards' view was not handed over"));
  }
  QAIC_TRY(const std::string sys, from_fd(welcome.fds[0]));
  QAIC_TRY(const std::string dev, from_fd(welcome.fds[1]));
  syscall::View view;
  QAIC_TRY(view.sys, os::FileTree::unpack(sys));
  QAIC_TRY(view.dev, os::FileTree::unpack(dev));
  if (welcome.fds.size() > 2) {
    QAIC_CHECK(os::join_user_namespace(welcome.fds[2]));
  }
  return view;
}

Result<void> hand_over(Link& link, const syscall::Program& program, const std::string& name) {
  const syscall::Entrance& entrance = program.entrance;
  const std::array fds{entrance.listener.get(), entrance.sys.get(), entrance.accel.get()};
  (void)link.send(json{{"do", "serve"},
                       {"name", name},
                       {"process", static_cast<unsigned>(program.tree.program())},
                       {"file_systems", entrance.file_systems}},
                  fds);
  QAIC_TRY(const auto served, link.wait());
  return {};
}

}  // namespace

Result<int> run_joined(Link link, const std::vector<std::string>& command) {
  QAIC_TRY(auto signals, program_signals());
  QAIC_TRY(auto view, enter(link));
  QAIC_TRY(auto program, syscall::Program::start(command, signals, std::move(view)));
  QAIC_CHECK(hand_over(link, program, command[0]));
  program.entrance = {};  // held by the cards' process alone, it tells when nobody is left
  QAIC_CHECK(program.tree.release());
  std::array<os::Watched, 3> watched{{{signals.fd(), false, false, false},
                                      {program.tree.fd(), false, false, false},
                                      {link.fd(), false, false, false}}};
  for (;;) {
    os::wait_for(watched, std::nullopt);
    if (watched[0].readable) pass_on(signals, program.tree);
    if (watched[1].readable) break;
    if (!watched[2].readable) continue;
    (void)link.receive();
    if (!link.closed()) continue;
    program.tree.signal(SIGKILL);
    (void)program.tree.wait();
    return base::fail(base::make_error(ErrorKind::device, "sim-stopped",
                                       command[0] + " was killed: its simulated cards were stopped",
                                       "start cards with: qaic-sim start"));
  }
  const auto outcome = program.tree.wait();
  // Until its files are closed; cards that are stopped in this moment have none.
  (void)link.send(json{{"do", "end"}});
  (void)link.wait();
  if (!outcome.start_error.empty()) {
    (void)print_failure(
        base::make_error(ErrorKind::usage, "sim-command", command[0] + ": " + outcome.start_error));
  }
  return outcome.code;
}

}  // namespace qaic::sim::cli
