#include <fmt/format.h>

#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/qaic-util/explanations.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

int run_explain(const GlobalOptions& options, const std::string& id) {
  nlohmann::json entries = nlohmann::json::array();
  std::string text;
  bool found = false;
  for (const auto& entry : explanations()) {
    if (!id.empty() && id != entry.id) continue;
    found = true;
    entries.push_back({{"id", entry.id}, {"meaning", entry.meaning}});
    if (id.empty()) {
      fmt::format_to(std::back_inserter(text), "{}\n", entry.id);
    } else {
      fmt::format_to(std::back_inserter(text), "{}: {}\n", entry.id, entry.meaning);
    }
  }
  std::vector<Failure> failures;
  if (!found) {
    failures.push_back({kUsage, "usage", fmt::format("'{}' is no error id of these tools", id),
                        "qaic-util explain lists all ids", std::nullopt});
  }
  const int exit_code = found ? kDone : kUsage;
  int written = kDone;
  if (options.json) {
    auto document = envelope("qaic.explain/1", kTool, {}, exit_code, nlohmann::json::array(), failures);
    document["explanations"] = std::move(entries);
    written = write_document(document, options.output_file);
  } else {
    written = write_text(text, options.output_file, kTool);
  }
  for (const auto& failure : failures) print_failure(kTool, failure);
  return written != kDone ? written : exit_code;
}

}  // namespace qaic::tools::util
