// One function per verb: registers its options, and runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace qaic::qpc {

// Options every verb has.
struct Output {
  bool json = false;
  std::string file;  // instead of stdout
};

// Runs a parsed verb; the value is the exit code.
using Run = std::function<base::Result<int>(const Output&)>;

Run register_pack(CLI::App& app);

}  // namespace qaic::qpc
