// What every verb starts from: the chosen cards, what they answered, and the
// exit code that follows.
#pragma once

#include <string>
#include <vector>

#include "tools/common/command_line.hpp"
#include "tools/common/failure.hpp"
#include "tools/common/probe_client.hpp"
#include "tools/common/selection.hpp"

namespace qaic::tools::util {

inline constexpr const char* kTool = "qaic-util";

struct Report {
  Selection selection;
  std::vector<ProbeAnswer> answers;  // one per selected card; empty if not asked
  std::vector<Failure> failures;     // of the selection, then of the cards
  int exit_code = 0;
};

// Cards only: no device node is opened.
Report list_report(const GlobalOptions& options);
// Cards and their status.
Report status_report(const GlobalOptions& options);

// The failures as three lines each, on stderr.
void print_failures(const Report& report);

}  // namespace qaic::tools::util
