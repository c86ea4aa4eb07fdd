// The options every tool knows, and one way to parse, for usage errors to end
// in exit code 2 with three lines.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "tools/common/terminal.hpp"

namespace qaic::tools {

struct GlobalOptions {
  std::vector<std::string> devices;  // -d, as given
  bool json = false;                 // -j, -o json
  std::string output_file;           // -O, "" = stdout
  std::chrono::milliseconds timeout{5000};
  ColorMode color = ColorMode::automatic;
  bool quiet = false;
};

// --version, -j, -o, -O, --quiet, --color.
void add_output_options(CLI::App& app, GlobalOptions& options);
// -d, --timeout.
void add_device_options(CLI::App& app, GlobalOptions& options);

// Parses. Nothing = go on; otherwise the exit code (0 after --help, --version).
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

using base::parse_duration;

}  // namespace qaic::tools
