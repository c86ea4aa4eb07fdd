#include "sim/cli/status.hpp"

#include <utility>

#include "os/file.hpp"
#include "os/host.hpp"
#include "sim/cli/command_line.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/link.hpp"
#include "sim/cli/log.hpp"
#include "sim/cli/status_view.hpp"

namespace qaic::sim::cli {

using nlohmann::json;

namespace {

json host() {
  const auto name = os::this_host();
  if (!name) return nullptr;
  return {{"name", name->name}, {"kernel", name->kernel}, {"machine", name->machine}};
}

json document(const base::Result<json>& status) {
  json errors = json::array();
  const int code = status ? 0 : static_cast<int>(status.error().kind);
  if (!status) {
    const base::Error& error = status.error();
    errors.push_back({{"id", error.id},
                      {"message", error.what},
                      {"hint", error.hint.empty() ? json() : json(error.hint)},
                      {"exit_code", code},
                      {"qid", nullptr}});
  }
  return {{"schema", "qaic.sim-status/1"},
          {"tool", {{"name", "qaic-sim"}, {"version", QAIC_VERSION}}},
          {"time", utc_now()},
          {"host", host()},
          {"selection", json::array()},
          {"status", status ? "ok" : "failed"},
          {"exit_code", code},
          {"devices", status ? status->at("devices") : json::array()},
          {"cards", status ? status->at("cards") : json()},
          {"errors", std::move(errors)}};
}

}  // namespace

int status(std::vector<std::string> arguments) {
  CLI::App app("Tells about cards that `qaic-sim start` started.", "qaic-sim status");
  std::string name = kDefaultName;
  bool as_json = false;
  app.add_option("NAME", name, "Of the cards (default: default)");
  app.add_flag("-j,--json", as_json, "One JSON document");
  if (const auto code = parse_command_line(app, std::move(arguments))) return *code;
  const auto told = ask_status(name);
  const std::string text = as_json ? document(told).dump(2, ' ', false, json::error_handler_t::replace) + "\n"
                           : told  ? status_text(*told)
                                   : std::string();
  (void)os::write_all(1, base::as_bytes(text));
  return told ? 0 : print_failure(told.error());
}

}  // namespace qaic::sim::cli
