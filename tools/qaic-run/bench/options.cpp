#include "tools/qaic-run/bench/options.hpp"

#include <charconv>
#include <cmath>

#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"

namespace qaic::tools::run::bench {

namespace {

constexpr const char* kName = "qaic-run bench";
constexpr double kDeepest = 1024;
constexpr double kHighestRate = 1e7;
constexpr std::size_t kMostPoints = 32;
constexpr std::size_t kOpenDepth = 16;  // of an open loop, unless said

int refuse(const std::string& what) {
  print_failure(kName, {kUsage, "usage", what, "run qaic-run bench --help", std::nullopt});
  return kUsage;
}

void add_duration(CLI::App& app, const char* name, std::chrono::milliseconds& out, const char* text) {
  app.add_option_function<std::string>(
         name,
         [name, &out](const std::string& given) {
           const auto duration = parse_duration(given);
           if (!duration)
             throw CLI::ValidationError(name, "'" + given + "' is not a duration such as 500ms or 5s");
           out = *duration;
         },
         text)
      ->type_name("DUR");
}

void add_list(CLI::App& app, const char* name, std::vector<double>& out, double most, const char* text) {
  app.add_option_function<std::string>(
         name,
         [name, most, &out](const std::string& given) {
           const auto list = parse_list(given);
           bool good = list.has_value();
           for (const double value : list.value_or(std::vector<double>{})) good = good && value <= most;
           if (!good) throw CLI::ValidationError(name, "'" + given + "' is not a list such as 1,2,4");
           out = *list;
         },
         text)
      ->type_name("LIST");
}

}  // namespace

std::optional<std::vector<double>> parse_list(const std::string& text) {
  std::vector<double> values;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    double value = 0;
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value) || value <= 0 || values.size() == kMostPoints) {
      return std::nullopt;
    }
    values.push_back(value);
    if (rest == end) return values;
    if (*rest != ',') return std::nullopt;
    at = rest + 1;
  }
}

std::variant<BenchOptions, int> parse_bench(int argc, char** argv) {
  CLI::App app("Measure how fast a program runs, and what bounds it", kName);
  BenchOptions options;
  std::vector<double> depths, rates;
  bool poisson = false;
  bool random = false;
  add_output_options(app, options.global);
  add_device_options(app, options.global);
  app.add_option("PROGRAM", options.program, "QPC file, or a folder with programqpc.bin")->required();
  app.add_option("-i,--input", options.inputs,
                 "Data of an input: NAME=FILE, POSITION=FILE or FILE; .npy, raw bytes, or - for stdin")
      ->type_name("TENSOR")
      ->allow_extra_args(false);
  app.add_flag("--random", random, "Inputs not given are random (this is so by default)");
  app.add_option("--seed", options.seed, "Seed of random inputs and of --poisson (default 1)")
      ->type_name("N");
  app.add_flag("--zero", options.zero, "Inputs not given are zero");
  add_list(app, "--depth", depths, kDeepest,
           "Inferences in flight per activation, one measurement each: 1,2,4,8 (default 1; with --rate 16)");
  add_list(app, "--rate", rates, kHighestRate,
           "Open loop: this many inferences per second are asked for, one measurement each");
  app.add_flag("--poisson", poisson, "Open loop with random arrivals");
  add_duration(app, "--warmup", options.warm_up, "Before each measurement, not counted (default 500ms)");
  add_duration(app, "--duration", options.duration, "Of each measurement (default 5s)");
  auto* count = app.add_option("-n,--count", options.count, "Measure so many inferences instead")
                    ->type_name("N")
                    ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32));
  app.add_option("--activations", options.activations,
                 "Load the program so many times on each card (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app.add_flag("--all-cards", options.all_cards, "On every card at the same time");
  app.add_option("--plot", options.plot, "Draw a picture into an SVG file")->type_name("FILE");
  app.footer("See qaic-run(1) for loops, stability, JSON and exit codes.");
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  if (random && options.zero) return refuse("--random and --zero exclude each other");
  if (poisson && rates.empty()) return refuse("--poisson needs --rate");
  if (options.duration.count() == 0) return refuse("--duration must be longer than nothing");
  if (count->count() != 0 && app.get_option("--duration")->count() != 0) {
    return refuse("--count and --duration exclude each other");
  }
  if (options.all_cards && !options.global.devices.empty())
    return refuse("--all-cards and -d exclude each other");
  if (depths.empty()) depths.push_back(rates.empty() ? 1 : static_cast<double>(kOpenDepth));
  for (const double depth : depths) {
    if (depth != std::floor(depth)) return refuse("--depth takes whole numbers");
    if (rates.empty()) options.loads.push_back({static_cast<std::size_t>(depth), std::nullopt, {}});
    for (const double rate : rates) {
      options.loads.push_back(
          {static_cast<std::size_t>(depth), rate, poisson ? ArrivalKind::poisson : ArrivalKind::constant});
    }
  }
  return options;
}

}  // namespace qaic::tools::run::bench
