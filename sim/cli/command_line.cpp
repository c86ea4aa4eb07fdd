#include "sim/cli/command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "sim/cli/failure.hpp"

namespace qaic::sim::cli {

base::Error usage_error(const CLI::App& app, std::string what) {
  return base::make_error(base::ErrorKind::usage, "usage", std::move(what),
                          "see " + app.get_name() + " --help");
}

std::optional<int> parse_command_line(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return print_failure(usage_error(app, error.what()));
  }
  return std::nullopt;
}

std::optional<int> parse_command_line(CLI::App& app, std::vector<std::string> arguments,
                                      std::vector<std::string>& command) {
  app.footer("After the options: [--] COMMAND [ARGUMENT]...");
  app.prefix_command();
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  if (const auto code = parse_command_line(app, {arguments.begin(), mark})) return code;
  command = app.remaining();
  if (!command.empty() && (mark != arguments.end() || command[0].starts_with("-"))) {
    return print_failure(usage_error(app, "unknown option or argument " + command[0]));
  }
  if (mark != arguments.end()) command.assign(mark + 1, arguments.end());
  return std::nullopt;
}

}  // namespace qaic::sim::cli
