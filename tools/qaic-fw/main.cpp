// qaic-fw: what firmware runs, what is installed, is it whole and signed by whom.
#include <CLI/CLI.hpp>
#include <array>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-fw/verbs.hpp"

namespace {

using namespace qaic::tools;
using namespace qaic::tools::fw;

enum class Verb { none, verify, status };

// The verb in argv, so that only its options are registered.
Verb named_verb(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "verify") == 0) return Verb::verify;
    if (std::strcmp(argv[i], "status") == 0) return Verb::status;
    // The value of an option is not a verb.
    constexpr std::array<std::string_view, 7> kWithValue{"-d", "--device",  "-o",     "--output",
                                                         "-O", "--timeout", "--color"};
    for (const auto option : kWithValue) i += option == argv[i] ? 1 : 0;
  }
  return Verb::none;
}

std::string check_root(const std::string& text) {
  const bool good = text.size() == 96 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? "" : "'" + text + "' is not a SHA-384 of 96 lower-case hex digits";
}

int run(int argc, char** argv) {
  CLI::App app("Firmware of Qualcomm Cloud AI 100 cards", kTool);
  GlobalOptions options;
  VerifyOptions verify;
  add_output_options(app, options);
  app.footer(
      "Commands:\n"
      "  status    what runs on each card against what is installed\n"
      "  verify    is each image whole, signed by whom, do they fit together\n"
      "See qaic-fw(1) for exit codes.");
  const Verb verb = named_verb(argc, argv);
  if (verb == Verb::verify) {
    auto* command =
        app.add_subcommand("verify", "Check images; without arguments those that the kernel would load");
    command->fallthrough();
    command->add_option("PATH", verify.paths, "Files, and folders with images");
    command->add_option("--root", verify.root, "Look below DIR instead of /")->type_name("DIR");
    command
        ->add_option("--accept-root", verify.accepted_roots,
                     "Accept a signing root by its SHA-384; repeatable")
        ->type_name("HEX")
        ->allow_extra_args(false)
        ->check(check_root);
  } else if (verb == Verb::status) {
    auto* command = app.add_subcommand("status", "What runs on each card against what is installed");
    command->fallthrough();
    add_device_options(*command, options);
    command->add_option("--root", verify.root, "Installed images are below DIR instead of /")
        ->type_name("DIR");
  }
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  if (verb == Verb::verify) return run_verify(options, verify);
  if (verb == Verb::status) return run_status(options, verify.root);
  print_failure(kTool, {kUsage, "usage", "no command", "run qaic-fw --help", std::nullopt});
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    print_failure(kTool, {kOurBug, "internal", std::string("unexpected: ") + error.what(),
                          "please report this with the command line", std::nullopt});
    return kOurBug;
  }
}
