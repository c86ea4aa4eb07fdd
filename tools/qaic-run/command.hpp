// The command line of qaic-run.
#pragma once

#include <variant>

#include "tools/qaic-run/options.hpp"

namespace qaic::tools::run {

// What to do, or the exit code when that is all: after --help, --version, and
// what is wrong in the command line, which is printed.
std::variant<RunOptions, int> parse_command(int argc, char** argv);

}  // namespace qaic::tools::run
