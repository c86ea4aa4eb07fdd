#include "sim/cli/run.hpp"

#include <cstdio>
#include <utility>

#include "os/namespace.hpp"
#include "sim/cli/cards.hpp"
#include "sim/cli/command_line.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/join.hpp"
#include "sim/cli/link.hpp"
#include "sim/cli/log.hpp"
#include "sim/cli/program_signals.hpp"
#include "sim/syscall/supervisor.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;

namespace {

struct Options {
  CardOptions cards;
  bool own_cards = false;  // asked for by an option
  std::string join;
  bool verify_clean = false;
  std::vector<std::string> command;
};

// Nothing: go on. Otherwise the exit code.
std::optional<int> parse(std::vector<std::string> arguments, Options& options) {
  CLI::App app(
      "Runs a program on simulated Cloud AI 100 cards: those of `qaic-sim start` if they run and\n"
      "no option describes others, else its own.",
      "qaic-sim run");
  app.add_option("--join", options.join, "On the cards that `qaic-sim start NAME` started")
      ->type_name("NAME");
  options.cards.add_to(app);
  app.add_flag("--verify-clean", options.verify_clean,
               "Afterwards, end with 12 and say what if a card still holds anything");
  if (const auto code = parse_command_line(app, std::move(arguments), options.command)) return code;
  if (options.command.empty()) return print_failure(usage_error(app, "there is no command to run"));
  options.own_cards = CardOptions::given(app) || options.verify_clean;
  if (options.own_cards && !options.join.empty()) {
    return print_failure(base::make_error(ErrorKind::usage, "usage",
                                          "cards that are joined are what they are: with --join no option "
                                          "describes or checks cards",
                                          "give those options to qaic-sim start"));
  }
  return std::nullopt;
}

Result<int> run_on_cards(const Options& options) {
  QAIC_TRY(auto signals, program_signals());
  const bool root = os::may_make_namespaces();
  if (!root) {
    QAIC_CHECK(os::enter_user_namespace());
  }
  std::optional<Log> log;
  if (!options.cards.log.empty()) {
    QAIC_TRY(log, Log::create(options.cards.log));
  }
  QAIC_TRY(const auto cards, Cards::boot(options.cards));
  QAIC_TRY(const auto supervisor,
           cards->supervise(root ? Cards::Config::whole : Cards::Config::header, log ? &*log : nullptr));
  QAIC_TRY(auto program, syscall::Program::start(options.command, signals, supervisor->view()));
  const auto id = supervisor->add(std::move(program.entrance), options.command[0]);
  supervisor->watch(signals.fd(), [&] { pass_on(signals, program.tree); });
  bool ended = false;
  supervisor->watch(program.tree.fd(), [&] {
    ended = true;
    supervisor->unwatch(program.tree.fd());
  });
  QAIC_CHECK(program.tree.release());
  while (!ended) supervisor->step();
  const auto outcome = program.tree.wait();
  bool nothing_left = false;
  supervisor->end(id, [&] { nothing_left = true; });
  while (!nothing_left) supervisor->step();
  if (!outcome.start_error.empty()) {
    (void)print_failure(
        base::make_error(ErrorKind::usage, "sim-command", options.command[0] + ": " + outcome.start_error));
  }
  if (options.verify_clean) {
    const auto left = cards->held();
    for (const std::string& line : left) std::fprintf(stderr, "qaic-sim: still held: %s\n", line.c_str());
    if (!left.empty()) return static_cast<int>(ErrorKind::internal);
  }
  return outcome.code;
}

Result<int> run_somewhere(const Options& options) {
  if (!options.own_cards) {
    auto link = Link::connect(options.join.empty() ? kDefaultName : options.join);
    if (link) return run_joined(std::move(*link), options.command);
    if (!options.join.empty()) return base::fail(std::move(link).error());
  }
  return run_on_cards(options);
}

}  // namespace

int run(std::vector<std::string> arguments) {
  Options options;
  if (const auto code = parse(std::move(arguments), options)) return *code;
  const auto code = run_somewhere(options);
  return code ? *code : print_failure(code.error());
}

}  // namespace qaic::sim::cli
