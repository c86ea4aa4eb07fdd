#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "sim/cli/failure.hpp"
#include "sim/cli/inject.hpp"
#include "sim/cli/run.hpp"
#include "sim/cli/serve.hpp"
#include "sim/cli/start.hpp"
#include "sim/cli/status.hpp"
#include "sim/cli/stop.hpp"
#include "sim/cli/vm.hpp"

namespace {

constexpr const char* kHelp =
    "Cloud AI 100 cards in software.\n"
    "Usage: qaic-sim COMMAND [OPTIONS]\n"
    "\n"
    "Commands:\n"
    "  run     runs a program that finds, opens and uses simulated cards\n"
    "  start   starts cards that outlive the command; programs run on them with run\n"
    "  stop    ends them\n"
    "  status  what state they are in, and who uses them\n"
    "  inject  lets something befall them\n"
    "  serve   one card as a PCI function, for a virtual machine with the real driver\n"
    "  vm      runs a program in a virtual machine with the real driver and simulated cards\n"
    "\n"
    "Options:\n"
    "  -h, --help   this text; qaic-sim COMMAND --help for a command\n"
    "  --version    the version\n";

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string_view verb = arguments.empty() ? std::string_view() : std::string_view(arguments[0]);
  if (verb == "--help" || verb == "-h") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (verb == "--version") {
    std::puts("qaic-sim " QAIC_VERSION);
    return 0;
  }
  if (verb == "run") return qaic::sim::cli::run({arguments.begin() + 1, arguments.end()});
  if (verb == "start") return qaic::sim::cli::start({arguments.begin() + 1, arguments.end()});
  if (verb == "stop") return qaic::sim::cli::stop({arguments.begin() + 1, arguments.end()});
  if (verb == "status") return qaic::sim::cli::status({arguments.begin() + 1, arguments.end()});
  if (verb == "inject") return qaic::sim::cli::inject({arguments.begin() + 1, arguments.end()});
  if (verb == "serve") return qaic::sim::cli::serve({arguments.begin() + 1, arguments.end()});
  if (verb == "vm") return qaic::sim::cli::vm({arguments.begin() + 1, arguments.end()});
  const std::string what =
      arguments.empty() ? std::string("a command is needed") : "unknown command " + std::string(verb);
  return qaic::sim::cli::print_failure(
      qaic::base::make_error(qaic::base::ErrorKind::usage, "usage", what, "see qaic-sim --help"));
}
