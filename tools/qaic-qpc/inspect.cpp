// `qaic-qpc inspect`: what is in a program file.
#include <memory>
#include <utility>

#include "lib/program/checker.hpp"
#include "lib/program/inspect.hpp"
#include "lib/program/program.hpp"
#include "os/mapping.hpp"
#include "tools/qaic-qpc/input.hpp"
#include "tools/qaic-qpc/report.hpp"
#include "tools/qaic-qpc/verbs.hpp"

namespace qaic::qpc {
namespace {

struct InspectOptions {
  std::string file;
};

Outcome inspect(const InspectOptions& options) {
  Outcome out;
  out.document = {{"container", nullptr}, {"program", nullptr}};
  const auto mapped = map_file(program_path(options.file));
  if (!mapped) {
    out.error = mapped.error();
    return out;
  }
  const auto container = of_file(program::parse_container(mapped->bytes()), options.file);
  if (!container) {
    out.error = container.error();
    return out;
  }
  // Shown as it stands, even if loading would refuse it, which is then said.
  const auto program = of_file(program::read_program(mapped->bytes()), options.file);
  if (!program) {
    out.error = program.error();
  } else {
    out.error = program::check_program(*program).first_error();
  }
  out.document =
      nlohmann::json::parse(program ? program::inspect_json(*program) : program::inspect_json(*container));
  out.text = report_text(out.document);
  return out;
}

}  // namespace

Run register_inspect(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* verb =
      app.add_subcommand("inspect", "Show segments, tensors, what a card must have, and DMA requests");
  verb->add_option("FILE", options->file, "Program file, or a folder with programqpc.bin")->required();
  return [options] { return inspect(*options); };
}

}  // namespace qaic::qpc
