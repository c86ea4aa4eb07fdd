// A report of `qaic-run bench -j`, read back: what comparing needs of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace qaic::tools::run::comparing {

struct SavedWindow {
  std::int64_t length_ns = 0;
  bool whole = true;                                             // wholly within what was measured
  std::uint64_t inferences = 0;                                  // whose latencies are in the buckets
  std::uint64_t completed = 0;                                   // that ended in it: throughput
  std::vector<std::pair<std::uint32_t, std::uint32_t>> buckets;  // of bench::Histogram, and how many
};

struct SavedPoint {
  // What was asked for; equal for points that can be compared.
  std::string loop;
  std::string arrivals;  // "" for the closed loop
  double asked_per_second = 0;
  std::uint64_t depth = 0;
  std::uint64_t activations = 0;

  std::uint64_t inferences = 0;
  std::string stability;
  bool complete = true;
  std::vector<SavedWindow> windows;

  [[nodiscard]] bool same_load(const SavedPoint& other) const;
  // "closed loop, depth 4".
  [[nodiscard]] std::string name() const;
};

struct SavedReport {
  std::string path;
  std::string time;
  int exit_code = 0;  // of the bench that wrote it
  // What should not differ, by name: program, CPU, kernel, governor, firmware.
  std::vector<std::pair<std::string, std::string>> fingerprint;
  std::vector<SavedPoint> points;
};

// Error ids: file-open, and bench-report (bad_input: no such report).
[[nodiscard]] base::Result<SavedReport> read_report(const std::string& path);
// The same of a text; `name` is for errors.
[[nodiscard]] base::Result<SavedReport> parse_report(std::string_view text, const std::string& name);

}  // namespace qaic::tools::run::comparing
