// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/common/command_line.hpp"
#include "tools/qaic-run/cast.hpp"
#include "tools/qaic-run/comparison.hpp"

namespace qaic::tools::run {

inline constexpr const char* kTool = "qaic-run";

struct RunOptions {
  GlobalOptions global;
  std::string program;
  std::vector<std::string> inputs;    // NAME=FILE or FILE
  std::vector<std::string> saves;     // outputs to write
  std::vector<std::string> expected;  // outputs to compare with
  Criteria criteria;                  // how near they must be
  Cast cast = Cast::refused;          // of elements in files
  bool zero = false;                  // inputs not given are zero
  std::optional<std::uint64_t> seed;  // inputs not given are random
  std::uint64_t iterations = 1;
  bool all_cards = false;  // the same on every card, outputs compared
  bool dry_run = false;    // check, and ask the card whether it has room
};

}  // namespace qaic::tools::run
