// Who has a card open, as text and JSON; and who cannot be seen.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "os/file_holders.hpp"

namespace qaic::tools {

// Of a card's node. A tool's own children, such as a probe that just ends, do not count.
os::FileHolders holders_of_card(const std::string& node);

// "process 4711 (python3) and process 4712 (qaic-run); 3 more processes cannot be
// looked into without root". Never empty.
std::string holders_text(const os::FileHolders& holders);

// {"processes": [{"pid", "command", "uid"}], "not_looked_into", "others_hidden"}
nlohmann::json holders_json(const os::FileHolders& holders);

}  // namespace qaic::tools
