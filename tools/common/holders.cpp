#include "tools/common/holders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json_writer.hpp"
#include "os/process.hpp"
#include "tools/common/terminal.hpp"

namespace qaic::tools {

os::FileHolders holders_of_card(const std::string& node) {
  auto holders = os::holders_of(node);
  std::erase_if(holders.seen, [](const os::FileHolder& holder) {
    return static_cast<std::uint32_t>(holder.parent) == os::process_id();
  });
  return holders;
}

std::string holders_text(const os::FileHolders& holders) {
  constexpr std::size_t kShown = 5;
  const std::size_t shown = std::min(holders.seen.size(), kShown);
  const std::size_t rest = holders.seen.size() - shown;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& holder = holders.seen[i];
    const bool last = i + 1 == shown && rest == 0;
    if (i > 0) text += last ? " and " : ", ";
    text += fmt::format("process {} ({})", holder.process,
                        printable(holder.command));  // a process calls itself what it likes
  }
  if (rest > 0) text += fmt::format(" and {} more", rest);
  if (holders.seen.empty()) text = "no other process that can be seen";
  if (holders.closed_to_us > 0) {
    text += fmt::format("; {} process{} cannot be looked into without root", holders.closed_to_us,
                        holders.closed_to_us == 1 ? "" : "es");
  }
  if (holders.others_hidden) text += "; there may be others that /proc does not show here";
  return text;
}

nlohmann::json holders_json(const os::FileHolders& holders) {
  nlohmann::json processes = nlohmann::json::array();
  for (const auto& holder : holders.seen) {
    processes.push_back(
        {{"pid", holder.process}, {"command", base::to_utf8(holder.command)}, {"uid", holder.user}});
  }
  return {{"processes", std::move(processes)},
          {"not_looked_into", holders.closed_to_us},
          {"others_hidden", holders.others_hidden}};
}

}  // namespace qaic::tools
