// qaic-qpc: looks into program files and makes them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "tools/qaic-qpc/verbs.hpp"

namespace {

using qaic::base::ErrorKind;

constexpr int kUsage = static_cast<int>(ErrorKind::usage);
constexpr int kInternal = static_cast<int>(ErrorKind::internal);

void print_error(const qaic::base::Error& error) {
  std::fprintf(stderr, "qaic-qpc: %s\nhint: %s\nid: %s\n", error.what.c_str(),
               error.hint.empty() ? "-" : error.hint.c_str(), error.id.c_str());
}

int run(int argc, char** argv) {
  CLI::App app{"Looks into program files (QPC) for Cloud AI 100 cards, and makes them", "qaic-qpc"};
  app.set_version_flag("--version", "qaic-qpc " QAIC_VERSION);
  app.require_subcommand(1);
  const qaic::qpc::Run pack = qaic::qpc::register_pack(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    print_error(qaic::base::make_error(ErrorKind::usage, "usage", error.what(), "qaic-qpc --help"));
    return kUsage;
  }
  const auto code = pack({});
  if (!code) {
    print_error(code.error());
    return static_cast<int>(code.error().kind);
  }
  return *code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    print_error(qaic::base::make_error(ErrorKind::internal, "internal", error.what(), "please report this"));
    return kInternal;
  }
}
