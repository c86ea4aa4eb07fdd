#include <fmt/format.h>

#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

int run_list(const GlobalOptions& options) {
  const Report report = list_report(options);
  int written = kDone;
  if (options.json) {
    nlohmann::json devices = nlohmann::json::array();
    for (const auto& card : report.selection.cards) devices.push_back(card_json(card));
    written = write_document(envelope("qaic.list/1", kTool, options.devices, report.exit_code,
                                      std::move(devices), report.failures),
                             options.output_file);
  } else {
    std::string text;
    if (!report.selection.cards.empty()) {
      fmt::format_to(std::back_inserter(text), "{:<4} {:<14} {:<20} {:<8} {:<8} {}\n", "QID", "PCI ADDRESS",
                     "NODE", "DRIVER", "MHI", "DESCRIPTION");
    }
    for (const auto& card : report.selection.cards) {
      const auto or_dash = [](const char* field) { return *field == '\0' ? "-" : field; };
      fmt::format_to(std::back_inserter(text), "{:<4} {:<14} {:<20} {:<8} {:<8} {}\n", card.qid,
                     card.pci_address, or_dash(card.node), or_dash(card.driver), or_dash(card.mhi),
                     card.pci_info);
    }
    written = write_text(text, options.output_file, kTool);
  }
  print_failures(report);
  return written != kDone ? written : report.exit_code;
}

}  // namespace qaic::tools::util
