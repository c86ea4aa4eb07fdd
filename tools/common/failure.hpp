// A failure as the user sees it: three lines on stderr, one row in JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>

namespace qaic::tools {

struct Failure {
  int exit_code = 12;
  std::string id;
  std::string what;
  std::string hint;
  std::optional<unsigned> qid;  // the card it is about

  static Failure from(const qaic::Error& error);
};

// "qaic-util: what\n  hint: …\n  id: … (qaic-util explain …)\n" on stderr.
void print_failure(const std::string& tool, const Failure& failure);

nlohmann::json to_json(const Failure& failure);

}  // namespace qaic::tools
