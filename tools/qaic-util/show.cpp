#include <fmt/format.h>

#include <iterator>

#include "base/json_writer.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/holders.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

namespace {

// An item of a list: text, or "name value name value".
std::string item_text(const nlohmann::json& item) {
  if (item.is_string()) return item.get<std::string>();
  std::string text;
  for (const auto& [name, value] : item.items()) {
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", name, word);
  }
  return text;
}

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
      for (const auto& item : value) {
        joined += (joined.empty() ? "" : item.is_string() ? " " : ", ") + item_text(item);
      }
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

void add_holders(nlohmann::json& row, const qaic_card_info& card) {
  if (card.node[0] != '\0') {
    row["held_by"] = holders_json(holders_of_card(card.node));
  } else {
    row["held_by"] = nullptr;
    row["absent"]["held_by"] = row["absent"]["node"];
  }
}

}  // namespace

int run_show(const GlobalOptions& options) {
  const Report report = status_report(options);
  nlohmann::json devices = nlohmann::json::array();
  for (std::size_t i = 0; i < report.answers.size(); ++i) {
    devices.push_back(status_json(report.selection.cards[i], report.answers[i]));
    add_holders(devices.back(), report.selection.cards[i]);
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
