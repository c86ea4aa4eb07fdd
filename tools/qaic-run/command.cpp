#include "tools/qaic-run/command.hpp"

#include <CLI/CLI.hpp>
#include <limits>
#include <string>

#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"

namespace qaic::tools::run {

namespace {

int refuse(const std::string& what) {
  print_failure(kTool, {kUsage, "usage", what, "run qaic-run --help", std::nullopt});
  return kUsage;
}

void add_criteria(CLI::App& app, Criteria& criteria) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  app.add_option("--rtol", criteria.rtol, "--expect: allow an error of X times the expected element")
      ->type_name("X")
      ->check(CLI::Range(0.0, kLargest));
  app.add_option("--atol", criteria.atol, "--expect: allow an error of X")
      ->type_name("X")
      ->check(CLI::Range(0.0, kLargest));
  app.add_option("--cosine", criteria.cosine, "--expect: the cosine similarity must be at least MIN")
      ->type_name("MIN")
      ->check(CLI::Range(-1.0, 1.0));
  app.add_option("--top-k", criteria.top_k, "--expect: the K largest of each row must be at the same places")
      ->type_name("K")
      ->check(CLI::Range(std::uint32_t{1}, std::uint32_t{1} << 20));
}

}  // namespace

std::variant<RunOptions, int> parse_command(int argc, char** argv) {
  CLI::App app("Run a precompiled network binary on a Qualcomm Cloud AI 100 card", kTool);
  RunOptions options;
  std::uint64_t seed = 1;
  bool random = false;
  add_output_options(app, options.global);
  add_device_options(app, options.global);
  app.add_option("PROGRAM", options.program, "QPC file, or a folder with programqpc.bin")->required();
  app.add_option("-i,--input", options.inputs,
                 "Data of an input: NAME=FILE, POSITION=FILE or FILE; .npy, .npz, .json, raw, or - for stdin")
      ->type_name("TENSOR")
      ->allow_extra_args(false);
  app.add_option("-s,--save", options.saves,
                 "Write an output: NAME=FILE, POSITION=FILE or FILE; - for stdout")
      ->type_name("TENSOR")
      ->allow_extra_args(false);
  app.add_option("-e,--expect", options.expected,
                 "Compare an output with a file, after every inference; exit code 1 when they differ")
      ->type_name("TENSOR")
      ->allow_extra_args(false);
  add_criteria(app, options.criteria);
  app.add_flag_callback(
      "--cast", [&options] { options.cast = Cast::allowed; },
      "Convert files of another element type, where the tensor can hold every number");
  app.add_flag("--random", random, "Inputs not given are random, repeatable by --seed");
  app.add_option("--seed", seed, "Seed of --random (default 1)")->type_name("N");
  app.add_flag("--zero", options.zero, "Inputs not given are zero");
  app.add_option("-n,--iterations", options.iterations, "How many inferences (default 1)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32));
  app.add_flag("--all-cards", options.all_cards,
               "Run on every card, or all that -d names, one after the other; outputs must be the same");
  app.add_flag("--dry-run", options.dry_run,
               "Check everything, and whether the card has room for the program; load nothing");
  app.footer(
      "Commands instead of PROGRAM:\n"
      "  bench                       Measure how fast a program runs, and what bounds it\n"
      "  compare                     Compare two reports of bench -j\n"
      "See qaic-run(1) for tensor files, JSON and exit codes.");
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  if (random && options.zero) return refuse("--random and --zero exclude each other");
  if (random) options.seed = seed;
  if (!options.criteria.exact() && options.expected.empty()) {
    return refuse("--rtol, --atol, --cosine and --top-k say how near an output must be to that of --expect");
  }
  bool stdout_taken = false;
  for (const auto& save : options.saves) stdout_taken = stdout_taken || save == "-" || save.ends_with("=-");
  if (stdout_taken && options.global.json && options.global.output_file.empty()) {
    return refuse("a tensor and the JSON document cannot both go to stdout; give -O FILE");
  }
  return options;
}

}  // namespace qaic::tools::run
