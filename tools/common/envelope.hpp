// The envelope around every JSON document of the tools.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/common/failure.hpp"

namespace qaic::tools {

// {schema, tool, time, host, selection, status, exit_code, devices, errors}.
// `status` is "ok", "partial" or "failed", after the exit code.
nlohmann::json envelope(const std::string& schema, const std::string& tool,
                        const std::vector<std::string>& selection, int exit_code, nlohmann::json devices,
                        const std::vector<Failure>& failures);

// One document and a newline into `path`, or stdout when it is empty. Text that
// is not UTF-8 is replaced. Gives an exit code.
int write_document(const nlohmann::json& document, const std::string& path);
// The same for text.
int write_text(const std::string& text, const std::string& path, const std::string& tool);

}  // namespace qaic::tools
