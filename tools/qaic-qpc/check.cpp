// `qaic-qpc check`: what can be proved about a program before anything loads it.
#include <fmt/format.h>

#include <memory>

#include "lib/program/checker.hpp"
#include "lib/program/program.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-qpc/input.hpp"
#include "tools/qaic-qpc/verbs.hpp"

namespace qaic::qpc {
namespace {

using program::Severity;

struct CheckOptions {
  std::string file;
  bool rules = false;
};

Outcome list_rules() {
  Outcome out;
  auto rows = nlohmann::json::array();
  for (const auto& rule : program::rules()) {
    const auto severity = program::severity_name(rule.severity);
    out.text += fmt::format("{:<8} {:<26} {}\n", severity, rule.id, rule.meaning);
    rows.push_back({{"id", rule.id}, {"severity", severity}, {"meaning", rule.meaning}});
  }
  out.document = {{"rules", std::move(rows)}};
  return out;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Whether a load would come as far as a card.
enum class Loadable { no, yes };

std::string report(const std::string& file, const program::Findings& findings, Loadable loadable) {
  std::string out;
  for (const auto& finding : findings.list()) {
    out += fmt::format("{:<8} {:<26} {}\n         {}\n", program::severity_name(finding.severity),
                       finding.rule, tools::printable(finding.place), tools::printable(finding.reason));
  }
  if (findings.left_out() > 0) out += fmt::format("         and {} more\n", findings.left_out());
  const std::size_t errors = findings.count(Severity::error);
  out += fmt::format("{}: {}, {}, {}: {}\n", file, counted(errors, "error"),
                     counted(findings.count(Severity::warning), "warning"),
                     counted(findings.count(Severity::note), "note"),
                     errors == 0                 ? "it may be loaded"
                     : loadable == Loadable::yes ? "it fits no known card"
                                                 : "it would not be loaded");
  return out;
}

nlohmann::json document(const std::string& file, const program::Findings& findings) {
  auto rows = nlohmann::json::array();
  for (const auto& finding : findings.list()) {
    rows.push_back({{"severity", program::severity_name(finding.severity)},
                    {"rule", finding.rule},
                    {"place", finding.place},
                    {"reason", finding.reason}});
  }
  return {{"file", file},
          {"verdict", findings.count(Severity::error) == 0 ? "ok" : "refused"},
          {"counts",
           {{"errors", findings.count(Severity::error)},
            {"warnings", findings.count(Severity::warning)},
            {"notes", findings.count(Severity::note)}}},
          {"left_out", findings.left_out()},
          {"findings", std::move(rows)}};
}

Outcome check(const CheckOptions& options) {
  if (options.rules) return list_rules();
  Outcome out;
  const auto mapped = map_file(program_path(options.file));
  const auto read =
      mapped ? of_file(program::read_program(mapped->bytes()), options.file) : tl::unexpected(mapped.error());
  if (!read) {
    out.error = read.error();
    out.document = {{"file", options.file}};
    return out;
  }
  program::Findings findings = program::check_program(*read);
  const auto loadable = findings.count(Severity::error) == 0 ? Loadable::yes : Loadable::no;
  program::check_fit(*read, {}, findings);
  out.document = document(options.file, findings);
  out.text = report(options.file, findings, loadable);
  if (findings.count(Severity::error) != 0) out.exit_code = tools::kVerdictNo;
  return out;
}

}  // namespace

Run register_check(CLI::App& app) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* verb = app.add_subcommand("check", "Say what is wrong with a program, and what cannot be known");
  auto* file = verb->add_option("FILE", options->file, "Program file, or a folder with programqpc.bin");
  auto* rules = verb->add_flag("--rules", options->rules, "List the rules instead");
  verb->callback([file, rules] {
    if (file->empty() == rules->empty()) throw CLI::RequiredError("FILE or --rules");
  });
  return [options] { return check(*options); };
}

}  // namespace qaic::qpc
