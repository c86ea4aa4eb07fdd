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
constexpr const char* kSchema = "qaic.qpc-inspect/1";

Failure failure_of(const qaic::base::Error& error) {
  return {static_cast<int>(error.kind), error.id, error.what, error.hint, std::nullopt};
}

// The document of the library inside the envelope of the tools.
nlohmann::json enveloped(const qaic::qpc::Outcome& outcome, const std::vector<Failure>& failures) {
  const int code = failures.empty() ? qaic::tools::kDone : failures.front().exit_code;
  auto out = qaic::tools::envelope(kSchema, kTool, {}, code, nlohmann::json::array(), failures);
  const bool known = outcome.document.is_object();
  out["container"] = known ? outcome.document["container"] : nlohmann::json(nullptr);
  out["program"] = known ? outcome.document["program"] : nlohmann::json(nullptr);
  return out;
}

int run(int argc, char** argv) {
  CLI::App app{"Look into program files (QPC) for Cloud AI 100 cards, and make them", kTool};
  qaic::tools::GlobalOptions options;
  qaic::tools::add_output_options(app, options);
  app.require_subcommand(1);
  app.fallthrough();
  const auto inspect = qaic::qpc::register_inspect(app);
  const auto pack = qaic::qpc::register_pack(app);
  if (const auto code = qaic::tools::parse_command_line(app, argc, argv)) return *code;

  const auto outcome = app.got_subcommand("pack") ? pack() : inspect();
  std::vector<Failure> failures;
  if (outcome.error) {
    failures.push_back(failure_of(*outcome.error));
    qaic::tools::print_failure(kTool, failures.back());
  }
  int written = qaic::tools::kDone;
  if (options.json) {
    written = qaic::tools::write_document(enveloped(outcome, failures), options.output_file);
  } else if (!outcome.text.empty()) {
    written = qaic::tools::write_text(outcome.text, options.output_file, kTool);
  }
  return failures.empty() ? written : failures.front().exit_code;
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
