#include "tools/qaic-util/report.hpp"

#include <algorithm>

#include "tools/common/exit_code.hpp"

namespace qaic::tools::util {

namespace {

// 0 when all answered; the failure's own code when none did; else partial.
int exit_code_of(std::size_t answered, const std::vector<Failure>& failures) {
  if (failures.empty()) return kDone;
  if (answered > 0) return kPartial;
  const auto worst = std::max_element(failures.begin(), failures.end(),
                                      [](const auto& a, const auto& b) { return a.exit_code < b.exit_code; });
  return worst->exit_code;
}

}  // namespace

Report list_report(const GlobalOptions& options) {
  Report report;
  report.selection = select_cards(options.devices, options.timeout);
  report.failures = report.selection.failures;
  report.exit_code = exit_code_of(report.selection.cards.size(), report.failures);
  return report;
}

Report status_report(const GlobalOptions& options) {
  Report report;
  report.selection = select_cards(options.devices, options.timeout);
  report.failures = report.selection.failures;
  report.answers = probe(report.selection.cards, options.timeout);
  std::size_t answered = 0;
  for (const auto& answer : report.answers) {
    if (answer.status) {
      ++answered;
    } else {
      report.failures.push_back(*answer.failure);
    }
  }
  report.exit_code = exit_code_of(answered, report.failures);
  return report;
}

void print_failures(const Report& report) {
  for (const auto& failure : report.failures) print_failure(kTool, failure);
}

}  // namespace qaic::tools::util
