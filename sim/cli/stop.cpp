#include "sim/cli/stop.hpp"

#include <utility>

#include "sim/cli/command_line.hpp"
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
  if (const auto code = parse_command_line(app, std::move(arguments))) return *code;
  const auto stopped = stop_cards(name, {{"do", "stop"}, {"force", force}});
  return stopped ? 0 : print_failure(stopped.error());
}

}  // namespace qaic::sim::cli
