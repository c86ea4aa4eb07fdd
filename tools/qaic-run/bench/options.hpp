// The command line of `qaic-run bench`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tools/common/command_line.hpp"
#include "tools/qaic-run/bench/measurement.hpp"

namespace qaic::tools::run::bench {

struct BenchOptions {
  GlobalOptions global;
  std::string program;
  std::vector<std::string> inputs;  // NAME=FILE or FILE; others are random, or zero
  bool zero = false;
  std::uint64_t seed = 1;  // of random inputs, and of Poisson arrivals
  std::vector<Load> loads;
  std::chrono::milliseconds warm_up{500};
  std::chrono::milliseconds duration{5000};
  std::uint64_t count = 0;      // instead of the duration; 0 = not
  std::size_t activations = 1;  // per card
  bool all_cards = false;
  std::string plot;  // SVG file, "" = none
};

// `argv` from "bench" on: what to do, or the exit code when that is all, after
// --help and after what is wrong, which is printed.
[[nodiscard]] std::variant<BenchOptions, int> parse_bench(int argc, char** argv);

// "1,2,4": numbers above 0, at most 32 of them. Nothing if it is none.
[[nodiscard]] std::optional<std::vector<double>> parse_list(const std::string& text);

}  // namespace qaic::tools::run::bench
