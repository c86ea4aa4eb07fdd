#include "tools/common/command_line.hpp"

#include <cstdio>
#include <qaic/qaic.hpp>

#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"

namespace qaic::tools {

void add_output_options(CLI::App& app, GlobalOptions& options) {
  app.set_version_flag("--version", std::string(app.get_name()) + " " + qaic_version(),
                       "Print the version and exit");
  app.add_flag("-j,--json", options.json, "Print one JSON document");
  app.add_option_function<std::string>(
         "-o,--output",
         [&options](const std::string& format) {
           if (format != "text" && format != "json") {
             throw CLI::ValidationError("--output", "'" + format + "' is not text or json");
           }
           options.json = format == "json";
         },
         "Output format: text or json")
      ->type_name("FORMAT");
  app.add_option("-O", options.output_file, "Write the output to FILE instead of stdout")->type_name("FILE");
  app.add_flag("--quiet", options.quiet, "No hints and progress on stderr, errors only");
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& when) {
           if (when == "auto") {
             options.color = ColorMode::automatic;
           } else if (when == "always") {
             options.color = ColorMode::always;
           } else if (when == "never") {
             options.color = ColorMode::never;
           } else {
             throw CLI::ValidationError("--color", "'" + when + "' is not auto, always or never");
           }
         },
         "Colour: auto, always or never")
      ->type_name("WHEN");
}

void add_device_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("-d,--device", options.devices,
                 "Card: index, accelN, node path, PCI address or serial; repeatable")
      ->type_name("SEL")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--timeout",
         [&options](const std::string& text) {
           const auto duration = parse_duration(text);
           if (!duration || duration->count() == 0) {
             throw CLI::ValidationError("--timeout", "'" + text + "' is not a duration such as 500ms or 5s");
           }
           options.timeout = *duration;
         },
         "Give up on a card that has not answered after DUR (default 5s)")
      ->type_name("DUR");
}

namespace {

// Help of the command in argv, then the options that every command takes.
std::string help(CLI::App& app) {
  const auto commands = app.get_subcommands();
  if (!commands.empty()) {
    CLI::Formatter formatter;
    std::string shared = "Options of every command:\n";
    for (const CLI::Option* option : app.get_options([&app](const CLI::Option* candidate) {
           return candidate->nonpositional() && candidate != app.get_help_ptr() &&
                  !candidate->get_group().empty();
         })) {
      shared += formatter.make_option(option, false);
    }
    commands.front()->footer(shared + "\nSee " + app.get_name() + "(1).");
  }
  return app.help();
}

}  // namespace

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    const std::string text = help(app);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    print_failure(app.get_name(),
                  {kUsage, "usage", error.what(), "run " + app.get_name() + " --help", std::nullopt});
    return kUsage;
  }
}

}  // namespace qaic::tools
