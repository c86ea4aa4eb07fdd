#include "tools/common/failure.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/common/terminal.hpp"

namespace qaic::tools {

Failure Failure::from(const qaic::Error& error) {
  return {static_cast<int>(error.kind()), error.id(), error.what(), error.hint(), std::nullopt};
}

void print_failure(const std::string& tool, const Failure& failure) {
  std::string text = fmt::format("{}: {}\n", tool, printable(failure.what));
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", printable(failure.hint));
  text += fmt::format("  id: {} (see: qaic-util explain {})\n", failure.id, failure.id);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

nlohmann::json to_json(const Failure& failure) {
  nlohmann::json row{{"id", failure.id},
                     {"message", failure.what},
                     {"hint", failure.hint.empty() ? nlohmann::json(nullptr) : nlohmann::json(failure.hint)},
                     {"exit_code", failure.exit_code}};
  row["qid"] = failure.qid ? nlohmann::json(*failure.qid) : nlohmann::json(nullptr);
  return row;
}

}  // namespace qaic::tools
