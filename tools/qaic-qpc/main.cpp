// qaic-qpc: looks into program files and makes them.
#include <exception>
#include <string_view>

#include "tools/common/command_line.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-qpc/verbs.hpp"

namespace {

using qaic::tools::Failure;

constexpr const char* kTool = "qaic-qpc";
struct Verb {
  const char* name;
  const char* schema;
  qaic::qpc::Run (*add)(CLI::App&);
};

constexpr Verb kVerbs[] = {
    {"check", "qaic.qpc-check/1", qaic::qpc::register_check},
    {"diff", "qaic.qpc-diff/1", qaic::qpc::register_diff},
    {"extract", "qaic.qpc-extract/1", qaic::qpc::register_extract},
    {"inspect", "qaic.qpc-inspect/1", qaic::qpc::register_inspect},
    {"pack", "qaic.qpc-inspect/1", qaic::qpc::register_pack},
};

Failure failure_of(const qaic::base::Error& error) {
  return {static_cast<int>(error.kind), error.id, error.what, error.hint, std::nullopt};
}

// What the verb has to say inside the envelope of the tools.
nlohmann::json enveloped(const char* schema, const qaic::qpc::Outcome& outcome,
                         const std::vector<Failure>& failures) {
  const int code = failures.empty() ? outcome.exit_code : failures.front().exit_code;
  auto out = qaic::tools::envelope(schema, kTool, {}, code, nlohmann::json::array(), failures);
  if (outcome.document.is_object()) {
    for (const auto& [key, value] : outcome.document.items()) {
      if (key != "schema") out[key] = value;
    }
  }
  return out;
}

int run(int argc, char** argv) {
  CLI::App app{"Look into program files (QPC) for Cloud AI 100 cards, and make them", kTool};
  qaic::tools::GlobalOptions options;
  qaic::tools::add_output_options(app, options);
  app.require_subcommand(1);
  app.fallthrough();
  std::vector<qaic::qpc::Run> runs;
  for (const auto& verb : kVerbs) runs.push_back(verb.add(app));
  if (const auto code = qaic::tools::parse_command_line(app, argc, argv)) return *code;

  std::size_t chosen = 0;
  while (!app.got_subcommand(kVerbs[chosen].name)) ++chosen;
  const auto outcome = runs[chosen]();
  std::vector<Failure> failures;
  if (outcome.error) {
    failures.push_back(failure_of(*outcome.error));
    qaic::tools::print_failure(kTool, failures.back());
  }
  int written = qaic::tools::kDone;
  if (options.json) {
    written =
        qaic::tools::write_document(enveloped(kVerbs[chosen].schema, outcome, failures), options.output_file);
  } else if (!outcome.text.empty()) {
    written = qaic::tools::write_text(outcome.text, options.output_file, kTool);
  }
  if (!failures.empty()) return failures.front().exit_code;
  return written != qaic::tools::kDone ? written : outcome.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    qaic::tools::print_failure(kTool, {qaic::tools::kOurBug, "internal", error.what(),
                                       "please report this with the file", std::nullopt});
    return qaic::tools::kOurBug;
  }
}
