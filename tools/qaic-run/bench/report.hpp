// What a bench run found, as JSON, text and picture.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/common/failure.hpp"
#include "tools/qaic-run/bench/card_state.hpp"
#include "tools/qaic-run/bench/environment.hpp"
#include "tools/qaic-run/bench/measurement.hpp"
#include "tools/qaic-run/bench/options.hpp"

namespace qaic::tools::run::bench {

// What an inference is given.
struct SentInput {
  std::string name;
  std::uint64_t sent_bytes = 0;
  std::string sha256;
};

struct BenchReport {
  std::string program;  // its own name
  std::vector<SentInput> inputs;
  ProgramFile file;
  Environment environment;
  std::vector<qaic_card_info> cards;
  std::size_t activations = 1;           // per card; lanes are card by card
  std::vector<CardState> before, after;  // as the cards; empty when not asked
  std::vector<Measurement> points;
  std::vector<Failure> failures;
};

// Whether rows of an open loop need their depth to be told apart.
[[nodiscard]] bool depths_differ(const BenchReport& report);

// The document, schema qaic.bench/1.
[[nodiscard]] nlohmann::json report_json(const BenchReport& report, const BenchOptions& options,
                                         int exit_code);
// At most 80 columns.
[[nodiscard]] std::string report_text(const BenchReport& report);
// An SVG document; empty when nothing was measured.
[[nodiscard]] std::string report_svg(const BenchReport& report);

}  // namespace qaic::tools::run::bench
