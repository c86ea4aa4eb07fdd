// One function per verb: registers its options and gives what runs it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace qaic::qpc {

// What a verb has to say. With an error there may be a document all the same:
// as much as could be read.
struct Outcome {
  std::string text;         // for stdout; may be empty
  nlohmann::json document;  // what the verb adds to the envelope; null for nothing
  std::optional<base::Error> error;
  int exit_code = 0;  // without an error
};

using Run = std::function<Outcome()>;

Run register_check(CLI::App& app);
Run register_diff(CLI::App& app);
Run register_extract(CLI::App& app);
Run register_inspect(CLI::App& app);
Run register_pack(CLI::App& app);

}  // namespace qaic::qpc
