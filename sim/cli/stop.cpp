#include "sim/cli/stop.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "sim/cli/failure.hpp"
#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

namespace {

base::Result<void> stop_cards(const std::string& name, const nlohmann::json& order) {
  QAIC_TRY(auto link, Link::connect(name));
  (void)link.send(order);
  QAIC_TRY(const auto agreed, link.wait());
  (void)link.wait();  // until they are gone
  return {};
}

}  // namespace

int stop(std::vector<std::string> arguments) {
  CLI::App app("Ends cards that `qaic-sim start` started.", "qaic-sim stop");
  std::string name = kDefaultName;
  bool force = false;
  app.add_option("NAME", name, "Of the cards (default: default)");
  app.add_flag("--force", force, "Also if programs run on them: these are killed");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return print_failure(
        base::make_error(base::ErrorKind::usage, "usage", error.what(), "see qaic-sim stop --help"));
  }
  const auto stopped = stop_cards(name, {{"do", "stop"}, {"force", force}});
  return stopped ? 0 : print_failure(stopped.error());
}

}  // namespace qaic::sim::cli
