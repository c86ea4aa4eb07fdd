// qaic-util: which cards there are, what state they are in, how healthy.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace {

using namespace qaic::tools;
using namespace qaic::tools::util;

struct Verb {
  const char* name;
  const char* summary;
  int (*run)(const GlobalOptions&);
};

constexpr std::array<Verb, 4> kVerbs{{{"list", "cards and their nodes; opens no node", run_list},
                                      {"show", "everything about each card", run_show},
                                      {"health", "a verdict per card, with reasons", run_health},
                                      {"explain", "what an error id means", nullptr}}};

// The verb in argv, so that only its options are registered.
const Verb* named_verb(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    for (const Verb& verb : kVerbs) {
      if (std::strcmp(argv[i], verb.name) == 0) return &verb;
    }
    // The value of an option is not a verb.
    constexpr std::array<std::string_view, 7> kWithValue{"-d", "--device",  "-o",     "--output",
                                                         "-O", "--timeout", "--color"};
    for (const auto option : kWithValue) i += option == argv[i] ? 1 : 0;
  }
  return nullptr;
}

int run(int argc, char** argv) {
  CLI::App app("Query Qualcomm Cloud AI 100 cards", kTool);
  GlobalOptions options;
  std::string id;
  bool query = false;
  add_output_options(app, options);
  add_device_options(app, options);
  CLI::Option* query_flag =
      app.add_flag("-q,--query", query, "Full status as the text that existing scripts parse");
  app.footer(
      "Commands (none: one table):\n"
      "  list      cards and their nodes; opens no device node\n"
      "  show      everything about each card\n"
      "  health    a verdict per card, with reasons\n"
      "  explain   what an error id means: explain [ID]\n"
      "See qaic-util(1) for output formats and exit codes.");
  const Verb* verb = named_verb(argc, argv);
  if (verb != nullptr) {
    CLI::App* command = app.add_subcommand(verb->name, verb->summary);
    command->fallthrough();
    query_flag->group("");  // known, to be refused in plain words, but not offered
    if (verb->run == nullptr) command->add_option("ID", id, "Error id; all ids without it");
  }
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  if (query && verb != nullptr) {
    print_failure(kTool, {kUsage, "usage", std::string("-q and ") + verb->name + " exclude each other",
                          "run qaic-util --help", std::nullopt});
    return kUsage;
  }
  if (query) return run_query(options);
  if (verb == nullptr) return run_table(options);
  return verb->run != nullptr ? verb->run(options) : run_explain(options, id);
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
