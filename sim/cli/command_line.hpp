// What the command lines of all verbs have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace qaic::sim::cli {

// Of a verb whose App is called "qaic-sim VERB".
[[nodiscard]] base::Error usage_error(const CLI::App& app, std::string what);

// Parses. Nothing: go on; otherwise the exit code, after --help or a usage
// error, which is printed.
[[nodiscard]] std::optional<int> parse_command_line(CLI::App& app, std::vector<std::string> arguments);

// For a verb that runs a command: "[OPTION]... [--] COMMAND [ARGUMENT]...". The
// command may be missing.
[[nodiscard]] std::optional<int> parse_command_line(CLI::App& app, std::vector<std::string> arguments,
                                                    std::vector<std::string>& command);

}  // namespace qaic::sim::cli
