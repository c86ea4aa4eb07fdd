#include "tools/common/envelope.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "os/file.hpp"
#include "os/host.hpp"
#include "tools/common/exit_code.hpp"

namespace qaic::tools {

namespace {

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000);
}

nlohmann::json host() {
  const auto name = os::this_host();
  if (!name) return nullptr;
  return {{"name", name->name}, {"kernel", name->kernel}, {"machine", name->machine}};
}

}  // namespace

nlohmann::json envelope(const std::string& schema, const std::string& tool,
                        const std::vector<std::string>& selection, int exit_code, nlohmann::json devices,
                        const std::vector<Failure>& failures) {
  nlohmann::json errors = nlohmann::json::array();
  for (const auto& failure : failures) errors.push_back(to_json(failure));
  const bool answered = exit_code == kDone || exit_code == kVerdictNo;
  return {{"schema", schema},
          {"tool", {{"name", tool}, {"version", qaic_version()}}},
          {"time", utc_now()},
          {"host", host()},
          {"selection", selection},
          {"status", answered ? "ok" : exit_code == kPartial ? "partial" : "failed"},
          {"exit_code", exit_code},
          {"devices", std::move(devices)},
          {"errors", std::move(errors)}};
}

int write_text(const std::string& text, const std::string& path, const std::string& tool) {
  const auto bytes = base::as_bytes(text);
  const auto written = path.empty() ? os::write_all(1, bytes) : os::write_file(path, bytes);
  if (written) return kDone;
  if (path.empty() && written.error().code == EPIPE) return kDone;  // the reader has seen enough
  print_failure(tool, {static_cast<int>(written.error().kind), written.error().id, written.error().what,
                       written.error().hint, std::nullopt});
  return static_cast<int>(written.error().kind);
}

int write_document(const nlohmann::json& document, const std::string& path) {
  const std::string text = document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return write_text(text, path, document.at("tool").at("name"));
}

}  // namespace qaic::tools
