#include "sim/cli/serve.hpp"

#include <signal.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "os/private_folder.hpp"
#include "os/signal_inbox.hpp"
#include "sim/cli/card_settings.hpp"
#include "sim/cli/command_line.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/latency_setting.hpp"
#include "sim/cli/link.hpp"
#include "sim/cli/pci_card.hpp"
#include "sim/cli/skus.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;

namespace {

struct Options {
  std::string socket;
  std::string name;
  std::string sku = "pro";
  std::vector<std::string> settings;  // KEY=VALUE
  std::string firmware;
  std::string boot = "pbl";
  std::string interrupts = "msi";
  unsigned card = 0;
  unsigned soc = 0;
  bool once = false;
  bool statistics = false;
};

base::Error usage(std::string what, std::string hint = "see qaic-sim serve --help") {
  return base::make_error(ErrorKind::usage, "usage", std::move(what), std::move(hint));
}

// Nothing: go on. Otherwise the exit code.
std::optional<int> parse(std::vector<std::string> arguments, Options& options) {
  CLI::App app("A simulated Cloud AI 100 SoC as a PCI function for a virtual machine.", "qaic-sim serve");
  app.add_option("--socket", options.socket, "Where the virtual machine finds it (vfio-user)")
      ->type_name("PATH");
  app.add_option("--name", options.name, "What qaic-sim inject --name calls it (default: nothing)")
      ->type_name("NAME");
  app.add_option("--sku", options.sku, "Kind of board: " + sku_names() + " (default pro)");
  app.add_option("--set", options.settings, "Sets KEY=VALUE of the card, repeatable: " + setting_names())
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--fault", [&options](const std::string& names) { options.settings.push_back("fault=" + names); },
         "Breaks the card on purpose: " + fault_names())
      ->type_name("NAME[,NAME]...");
  app.add_option_function<std::string>(
         "--latency",
         [&options](const std::string& model) { options.settings.push_back("latency=" + model); },
         "Device time of an inference: " + std::string(kLatencyForm))
      ->type_name("MODEL");
  app.add_option("--boot", options.boot,
                 "pbl: the host sends all firmware, as with hardware (default); amss: the card is up already")
      ->type_name("pbl|amss");
  app.add_option("--interrupts", options.interrupts,
                 "What the function offers: msi, as hardware (default), or msix")
      ->type_name("msi|msix");
  app.add_option("--firmware", options.firmware, "With --boot amss, folder of images, for their versions")
      ->type_name("DIR");
  app.add_option("--card", options.card, "Which board, for its serial numbers (default 0)")->type_name("N");
  app.add_option("--soc", options.soc, "Which SoC of the board (default 0)")->type_name("N");
  app.add_flag("--once", options.once, "Ends when the first virtual machine has gone");
  app.add_flag("--statistics", options.statistics, "At the end, prints one line of what was measured");
  return parse_command_line(app, std::move(arguments));
}

Result<PciCard::Options> card_options(const Options& options) {
  if (options.socket.empty()) return base::fail(usage("--socket PATH is needed"));
  const auto sku = sku_by_name(options.sku);
  if (!sku) return base::fail(usage("no SKU is called " + options.sku, "choose one of " + sku_names()));
  if (options.boot != "pbl" && options.boot != "amss") {
    return base::fail(usage("a card cannot boot from " + options.boot, "choose pbl or amss"));
  }
  if (options.interrupts != "msi" && options.interrupts != "msix") {
    return base::fail(usage("no interrupts are called " + options.interrupts, "choose msi or msix"));
  }
  if (options.soc >= device::socs_per_board(*sku)) {
    return base::fail(usage("a board of SKU " + options.sku + " has no SoC " + std::to_string(options.soc),
                            "SoCs are counted from 0"));
  }
  PciCard::Options out;
  out.config = device::stock_config(*sku, options.card, options.soc);
  for (const std::string& setting : options.settings) {
    QAIC_CHECK(apply_setting(out.config, setting));
  }
  out.firmware = options.firmware;
  out.boot_from = options.boot == "pbl" ? mhi::BootFrom::pbl : mhi::BootFrom::amss;
  out.messages = options.interrupts == "msi" ? pci::Messages::msi : pci::Messages::msix;
  out.socket = options.socket;
  if (!options.name.empty()) {
    QAIC_TRY(out.orders, socket_path(options.name));
    QAIC_CHECK(os::make_private_folder(out.orders.substr(0, out.orders.rfind('/'))));
  }
  out.lifetime = options.once ? vfio::Server::Lifetime::one_client : vfio::Server::Lifetime::until_stopped;
  return out;
}

Result<void> serve_card(const Options& options) {
  QAIC_TRY(auto card_is, card_options(options));
  QAIC_TRY(auto signals, os::SignalInbox::create({SIGHUP, SIGINT, SIGQUIT, SIGTERM}));
  QAIC_TRY(const auto card, PciCard::create(std::move(card_is)));
  std::printf("ready %s\n", options.socket.c_str());
  std::fflush(stdout);
  card->serve(signals);
  if (options.statistics) std::printf("statistics %s\n", card->statistics().c_str());
  return {};
}

}  // namespace

int serve(std::vector<std::string> arguments) {
  Options options;
  if (const auto code = parse(std::move(arguments), options)) return *code;
  const auto done = serve_card(options);
  return done ? 0 : print_failure(done.error());
}

}  // namespace qaic::sim::cli
