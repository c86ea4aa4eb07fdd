#include "sim/cli/run.hpp"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <utility>

#include "os/namespace.hpp"
#include "os/signal_inbox.hpp"
#include "sim/cli/card_settings.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/host.hpp"
#include "sim/cli/simulated_card.hpp"
#include "sim/cli/skus.hpp"
#include "sim/syscall/supervisor.hpp"
#include "sim/syscall/sys_tree.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;

namespace {

struct Options {
  unsigned cards = 1;
  wire::nnc::Sku sku = wire::nnc::Sku::pcie_pro;
  std::string firmware;
  std::string qsm_version;
  std::vector<std::string> settings;  // KEY=VALUE
  unsigned control_timeout_seconds = 60;
  unsigned wait_timeout_milliseconds = 5000;
  unsigned boot_milliseconds = 200;
  bool verify_clean = false;
  std::vector<std::string> command;
};

// Nothing: go on. Otherwise the exit code.
std::optional<int> parse(std::vector<std::string> arguments, Options& options) {
  CLI::App app("Runs a program on simulated Cloud AI 100 cards.", "qaic-sim run");
  app.footer("After the options: [--] COMMAND [ARGUMENT]...");
  std::string sku = "pro";
  app.add_option("--cards", options.cards, "How many boards (default 1)");
  app.add_option("--sku", sku, "Kind of board: " + sku_names() + " (default pro)");
  app.add_option("--firmware", options.firmware, "Folder with the images to boot from, for their versions")
      ->type_name("DIR");
  app.add_option("--qsm-version", options.qsm_version, "Version that the card's system manager reports")
      ->type_name("TEXT");
  app.add_option("--set", options.settings, "Sets KEY=VALUE of every card, repeatable: " + setting_names())
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--control-timeout", options.control_timeout_seconds,
                 "The driver's control_resp_timeout_s (default 60)")
      ->type_name("SECONDS");
  app.add_option("--wait-timeout", options.wait_timeout_milliseconds,
                 "The driver's wait_exec_default_timeout_ms (default 5000)")
      ->type_name("MS");
  app.add_option("--boot-time", options.boot_milliseconds,
                 "How long a card takes to boot after a reset (default 200)")
      ->type_name("MS");
  app.add_flag("--verify-clean", options.verify_clean,
               "Afterwards, end with 12 and say what if a card still holds anything");
  app.prefix_command();

  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> own(arguments.begin(), mark);
  std::reverse(own.begin(), own.end());  // as CLI11 wants it
  try {
    app.parse(std::move(own));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return print_failure(
        base::make_error(ErrorKind::usage, "usage", error.what(), "see qaic-sim run --help"));
  }
  options.command = app.remaining();
  if (mark != arguments.end()) options.command.insert(options.command.end(), mark + 1, arguments.end());
  if (options.command.empty() || (mark != arguments.end() && !app.remaining().empty())) {
    const std::string what = options.command.empty() ? std::string("there is no command to run")
                                                     : "unknown option or argument " + app.remaining()[0];
    return print_failure(base::make_error(ErrorKind::usage, "usage", what, "see qaic-sim run --help"));
  }
  if (options.command[0].starts_with("-")) {
    return print_failure(base::make_error(ErrorKind::usage, "usage", "unknown option " + options.command[0],
                                          "see qaic-sim run --help"));
  }
  const auto known = sku_by_name(sku);
  if (!known) {
    return print_failure(base::make_error(ErrorKind::usage, "usage", "no SKU is called " + sku,
                                          "choose one of " + sku_names()));
  }
  options.sku = *known;
  return std::nullopt;
}

// The cards of one run, in the order of their addresses.
struct Cards {
  SystemClock clock;
  std::unique_ptr<FolderStorage> storage;
  driver::UserHandles users;
  driver::Parameters parameters;
  syscall::Topology topology;
  std::vector<device::CardConfig> configs;
  std::vector<SimulatedCard> cards;
};

Result<void> boot(const Options& options, Cards& cards) {
  cards.storage = std::make_unique<FolderStorage>(options.firmware);
  cards.parameters.control_resp_timeout = std::chrono::seconds(options.control_timeout_seconds);
  cards.parameters.wait_exec_default_timeout = std::chrono::milliseconds(options.wait_timeout_milliseconds);
  cards.parameters.boot_time = std::chrono::milliseconds(options.boot_milliseconds);
  QAIC_TRY(cards.topology,
           syscall::place_boards(options.cards, device::socs_per_board(options.sku), taken_on_host()));
  for (const syscall::Slot& slot : cards.topology.slots) {
    device::CardConfig config = device::stock_config(options.sku, slot.board, slot.soc);
    if (!options.qsm_version.empty()) config.qsm_version = options.qsm_version;
    for (const std::string& setting : options.settings) {
      QAIC_CHECK(apply_setting(config, setting));
    }
    QAIC_TRY(auto card,
             SimulatedCard::create(config, cards.clock, *cards.storage, cards.users, cards.parameters));
    cards.configs.push_back(std::move(config));
    cards.cards.push_back(std::move(card));
  }
  return {};
}

// One line per thing that a card still holds.
std::vector<std::string> held(const Cards& cards) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < cards.cards.size(); ++i) {
    for (const std::string& line : cards.cards[i].driver->card().held()) {
      out.push_back("accel" + std::to_string(cards.topology.slots[i].minor) + ": " + line);
    }
  }
  return out;
}

void pass_on(os::SignalInbox& signals, const os::ProcessTree& tree) {
  for (const auto& signal : signals.take()) {
    // What the terminal sends, it sent to the program as well. SIGIO is a lease
    // of ours that somebody met.
    if (signal.from_kernel || signal.number == SIGIO) continue;
    tree.signal(signal.number);
  }
}

Result<int> run_on_cards(const Options& options) {
  QAIC_TRY(auto signals, os::SignalInbox::create(
                             {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGIO}));
  const bool root = os::may_make_namespaces();
  if (!root) {
    QAIC_CHECK(os::enter_user_namespace());
  }
  Cards cards;
  QAIC_CHECK(boot(options, cards));

  syscall::Supervisor::Options supervised;
  supervised.sys.topology = cards.topology;
  supervised.sys.cards = cards.configs;
  supervised.sys.parameters = cards.parameters;
  supervised.sys.config =
      root ? syscall::SysTreeOptions::Config::whole : syscall::SysTreeOptions::Config::header;
  supervised.sys.local_cpus = online_cpus();
  supervised.now = [&] { return cards.clock.monotonic(); };
  supervised.warn = [](const base::Error& error) { print_failure(error); };
  for (SimulatedCard& card : cards.cards) {
    nsp::QemuCores* cores = card.cores.get();
    supervised.nodes.push_back(
        {card.driver.get(), cores->event_fd(), [cores] { return cores->take_events(); }});
  }
  supervised.sys.states.resize(supervised.nodes.size());
  QAIC_TRY(auto supervisor, syscall::Supervisor::create(std::move(supervised)));
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
    const auto left = held(cards);
    for (const std::string& line : left) std::fprintf(stderr, "qaic-sim: still held: %s\n", line.c_str());
    if (!left.empty()) return static_cast<int>(ErrorKind::internal);
  }
  return outcome.code;
}

}  // namespace

int run(std::vector<std::string> arguments) {
  Options options;
  if (const auto code = parse(std::move(arguments), options)) return *code;
  const auto code = run_on_cards(options);
  return code ? *code : print_failure(code.error());
}

}  // namespace qaic::sim::cli
