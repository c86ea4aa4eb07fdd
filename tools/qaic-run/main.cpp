// qaic-run: runs a precompiled network binary (QPC) on a card. The process that
// the user starts opens no card: it starts itself once more, as the worker.
#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "os/worker.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-run/bench/session.hpp"
#include "tools/qaic-run/command.hpp"
#include "tools/qaic-run/compare/session.hpp"
#include "tools/qaic-run/options.hpp"
#include "tools/qaic-run/progress.hpp"
#include "tools/qaic-run/session.hpp"
#include "tools/qaic-run/supervisor.hpp"

namespace {

using namespace qaic;
using namespace qaic::tools;
using namespace qaic::tools::run;

int unexpected(const std::exception& error) {
  print_failure(kTool, {kOurBug, "internal", std::string("unexpected: ") + error.what(),
                        "please report this with the command line", std::nullopt});
  return kOurBug;
}

// A command instead of a program.
bool is_bench(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == "bench";
}

int work(int argc, char** argv) {
  if (!os::end_with_starter()) {
    print_failure(
        kTool, {kUsage, "usage", "nobody starts a worker but qaic-run", "run qaic-run --help", std::nullopt});
    return kUsage;
  }
  Progress progress;
  try {
    if (is_bench(argc, argv)) {
      const auto bench = bench::parse_bench(argc - 1, argv + 1);
      if (const auto* options = std::get_if<bench::BenchOptions>(&bench))
        return bench_session(*options, progress);
      progress.ended(std::get<int>(bench));
      return kDone;
    }
    const auto command = parse_command(argc, argv);
    if (const auto* options = std::get_if<RunOptions>(&command)) return run_session(*options, progress);
    progress.ended(std::get<int>(command));
  } catch (const std::exception& error) {
    progress.ended(unexpected(error));
  }
  return kDone;
}

int watch(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  try {
    if (is_bench(argc, argv)) {
      const auto bench = bench::parse_bench(argc - 1, argv + 1);
      const auto* options = std::get_if<bench::BenchOptions>(&bench);
      return options == nullptr ? std::get<int>(bench)
                                : supervise(options->global, "qaic.bench/1", arguments);
    }
    if (argc > 1 && std::string_view(argv[1]) == "compare")
      return comparing::compare_reports(argc - 1, argv + 1);
    const auto command = parse_command(argc, argv);
    if (const auto* options = std::get_if<RunOptions>(&command)) {
      return supervise(options->global, "qaic.run/1", arguments);
    }
    return std::get<int>(command);
  } catch (const std::exception& error) {
    return unexpected(error);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool worker = argc > 1 && std::string_view(argv[1]) == kWorkerMark;
  return worker ? work(argc - 1, argv + 1) : watch(argc, argv);
}
