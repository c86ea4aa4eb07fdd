#include <fmt/format.h>

#include <iterator>

#include "base/json_writer.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

namespace {

// Nested values as indented "name: value" lines; null is "unknown".
void print_tree(std::string& out, const nlohmann::json& node, unsigned depth) {
  for (const auto& [name, value] : node.items()) {
    if (name == "absent") continue;
    const std::string indent(2 * depth, ' ');
    if (value.is_object()) {
      fmt::format_to(std::back_inserter(out), "{}{}:\n", indent, name);
      print_tree(out, value, depth + 1);
    } else if (value.is_array()) {
      std::string joined;
      for (const auto& item : value) joined += (joined.empty() ? "" : " ") + item.get<std::string>();
      fmt::format_to(std::back_inserter(out), "{}{}: {}\n", indent, name, joined.empty() ? "none" : joined);
    } else if (value.is_null()) {
      const auto absent = node.find("absent");
      const bool known = absent != node.end() && absent->contains(name);
      const std::string reason = known ? " (" + (*absent)[name]["reason"].get<std::string>() + ")" : "";
      fmt::format_to(std::back_inserter(out), "{}{}: unknown{}\n", indent, name, reason);
    } else if (value.is_string()) {
      fmt::format_to(std::back_inserter(out), "{}{}: {}\n", indent, name, value.get<std::string>());
    } else {
      fmt::format_to(std::back_inserter(out), "{}{}: {}\n", indent, name, value.dump());
    }
  }
}

}  // namespace

int run_show(const GlobalOptions& options) {
  const Report report = status_report(options);
  nlohmann::json devices = nlohmann::json::array();
  for (std::size_t i = 0; i < report.answers.size(); ++i) {
    devices.push_back(status_json(report.selection.cards[i], report.answers[i]));
  }
  int written = kDone;
  if (options.json) {
    written = write_document(envelope("qaic.show/1", kTool, options.devices, report.exit_code,
                                      std::move(devices), report.failures),
                             options.output_file);
  } else {
    std::string text;
    for (const auto& device : devices) {
      fmt::format_to(std::back_inserter(text), "{}card {}:\n", text.empty() ? "" : "\n",
                     device["qid"].dump());
      print_tree(text, device, 1);
    }
    written = write_text(base::to_utf8(text), options.output_file, kTool);
  }
  print_failures(report);
  return written != kDone ? written : report.exit_code;
}

}  // namespace qaic::tools::util
