// `qaic-util` without a verb: one row per card, 80 columns.
#include <fmt/format.h>

#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/status_json.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

namespace {

Tone tone(const std::string& state) {
  if (state == "ready") return Tone::good;
  return state == "initializing" ? Tone::warning : Tone::bad;
}

std::string gib(std::uint32_t mb) {
  return fmt::format("{:.1f}", mb / 1024.0);
}

}  // namespace

int run_table(const GlobalOptions& options) {
  if (options.json) return run_show(options);
  const Report report = status_report(options);
  const bool color = use_color(options.color) && options.output_file.empty();
  std::string text;
  const auto out = std::back_inserter(text);
  if (!report.answers.empty()) {
    fmt::format_to(out, "{:<4}{:<13}{:<14}{:<12}{:<11}{:<7}{:<12}{}\n", "QID", "PCI ADDRESS", "STATE", "SKU",
                   "FIRMWARE", "NSP", "DRAM GiB", "ACTIVE");
  }
  for (std::size_t i = 0; i < report.answers.size(); ++i) {
    const auto& card = report.selection.cards[i];
    const auto& answer = report.answers[i];
    const std::string state = state_name(answer);
    fmt::format_to(out, "{:<4}{:<13}{}", card.qid, card.pci_address,
                   toned(fmt::format("{:<14}", state), tone(state), color));
    if (answer.status) {
      const qaic_status& s = *answer.status;
      fmt::format_to(out, "{:<12}{:<11}{:<7}{:<12}{}\n", qaic_sku_name(s.sku_type),
                     version_text(s.fw_major, s.fw_minor, s.fw_patch, s.fw_build),
                     fmt::format("{}/{}", s.nsp_total - s.nsp_free, s.nsp_total),
                     fmt::format("{}/{}", gib(s.dram_total_mb - s.dram_free_mb), gib(s.dram_total_mb)),
                     s.networks_active);
    } else {
      fmt::format_to(out, "-\n");
    }
  }
  const int written = write_text(text, options.output_file, kTool);
  print_failures(report);
  return written != kDone ? written : report.exit_code;
}

}  // namespace qaic::tools::util
