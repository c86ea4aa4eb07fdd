// `qaic-util health`: a verdict per card with its reasons, from what card and
// host tell without being changed.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/status_json.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

namespace {

enum class Verdict { ok, warning, fail, unknown };

struct Finding {
  Verdict severity;
  std::string id;
  std::string text;
};

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::fail:
      return "fail";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

Tone tone(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return Tone::good;
    case Verdict::warning:
      return Tone::warning;
    case Verdict::fail:
    case Verdict::unknown:
      return Tone::bad;
  }
  return Tone::plain;
}

std::vector<Finding> findings_of(const qaic_card_info& card, const ProbeAnswer& answer) {
  if (!answer.status) return {{Verdict::unknown, answer.failure->id, answer.failure->what}};
  const qaic_status& s = *answer.status;
  std::vector<Finding> findings;
  const auto add = [&](Verdict severity, const char* id, std::string text) {
    findings.push_back({severity, id, std::move(text)});
  };
  if (s.need_reset_to_retire_pages != 0) {
    add(Verdict::fail, "reset-needed", "DDR pages wait for a reset to be retired; run nothing until then");
  }
  if (s.nsp_total == 0) add(Verdict::fail, "no-nsp", "no NSP core is usable");
  if (s.retired_pages != 0) {
    add(Verdict::warning, "pages-retired", fmt::format("{} DDR pages are retired", s.retired_pages));
  }
  if (s.nsp_pg_mask != 0) {
    add(Verdict::warning, "nsp-defective",
        fmt::format("NSP cores are fused off as defective, mask 0x{:x}", s.nsp_pg_mask));
  }
  const bool both = (card.present & QAIC_CARD_LINK_MAX) != 0 && (card.present & QAIC_CARD_LINK_CURRENT) != 0;
  if (both &&
      (card.link_current_mtps < card.link_max_mtps || card.link_current_width < card.link_max_width)) {
    add(Verdict::warning, "link-degraded",
        fmt::format("PCIe link runs at {} GT/s x{} of {} GT/s x{}", card.link_current_mtps / 1000.0,
                    card.link_current_width, card.link_max_mtps / 1000.0, card.link_max_width));
  }
  return findings;
}

Verdict verdict_of(const std::vector<Finding>& findings) {
  Verdict verdict = Verdict::ok;
  for (const auto& finding : findings) verdict = std::max(verdict, finding.severity);
  return verdict;
}

}  // namespace

int run_health(const GlobalOptions& options) {
  const Report report = status_report(options);
  const bool color = use_color(options.color) && options.output_file.empty();
  nlohmann::json devices = nlohmann::json::array();
  std::string text;
  bool failed = false;
  for (std::size_t i = 0; i < report.answers.size(); ++i) {
    const auto& card = report.selection.cards[i];
    const auto findings = findings_of(card, report.answers[i]);
    const Verdict verdict = verdict_of(findings);
    failed = failed || verdict == Verdict::fail;
    nlohmann::json reasons = nlohmann::json::array();
    fmt::format_to(std::back_inserter(text), "card {} ({}): {}\n", card.qid, card.pci_address,
                   toned(word(verdict), tone(verdict), color));
    for (const auto& finding : findings) {
      reasons.push_back(
          {{"id", finding.id}, {"severity", word(finding.severity)}, {"message", finding.text}});
      fmt::format_to(std::back_inserter(text), "  {}: {} [{}]\n", word(finding.severity), finding.text,
                     finding.id);
    }
    devices.push_back({{"qid", card.qid},
                       {"pci_address", card.pci_address},
                       {"state", state_name(report.answers[i])},
                       {"verdict", word(verdict)},
                       {"reasons", std::move(reasons)}});
  }
  const int exit_code = report.exit_code == kDone && failed ? kVerdictNo : report.exit_code;
  int written = kDone;
  if (options.json) {
    written = write_document(
        envelope("qaic.health/1", kTool, options.devices, exit_code, std::move(devices), report.failures),
        options.output_file);
  } else {
    written = write_text(text, options.output_file, kTool);
  }
  print_failures(report);
  return written != kDone ? written : exit_code;
}

}  // namespace qaic::tools::util
