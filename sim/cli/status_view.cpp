#include "sim/cli/status_view.hpp"

#include <array>
#include <cstdio>

#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

using nlohmann::json;

base::Result<json> ask_status(const std::string& name) {
  QAIC_TRY(auto link, Link::connect(name));
  (void)link.send(json{{"do", "status"}});
  QAIC_TRY(const auto message, link.wait());
  std::string text;
  if (message.fds.size() == 1) {
    QAIC_TRY(text, from_fd(message.fds[0]));
  }
  json status = json::parse(text, nullptr, false);
  if (!status.is_object() || !status.contains("devices") || !status.contains("cards")) {
    return base::fail(base::make_error(base::ErrorKind::internal, "sim-order",
                                       "the cards called " + name + " did not tell their status"));
  }
  return status;
}

namespace {

std::string row(const std::array<std::string, 8>& cells) {
  constexpr std::array<int, 8> kWidths{4, 8, 12, 10, 8, 8, 16, 0};
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += cells[i];
    const auto width = static_cast<std::size_t>(kWidths[i]);
    if (i + 1 < cells.size())
      out.append(cells[i].size() < width ? width - cells[i].size() : 0, ' ').append("  ");
  }
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string free_of(const json& resources, const char* what, std::uint64_t unit) {
  if (!resources.is_object()) return "unknown";
  const std::string name(what);
  const auto end = name.find('/');
  return std::to_string(number_of(resources, name.substr(0, end).c_str()) / unit) + "/" +
         std::to_string(number_of(resources, name.substr(end + 1).c_str()) / unit);
}

}  // namespace

std::string status_text(const json& status) {
  const json& cards = status.at("cards");
  std::string out = "Cards " + text_of(cards, "name") + ": process " +
                    std::to_string(number_of(cards, "process")) + " since " + text_of(cards, "since") +
                    ", log " + text_of(cards, "log") + "\n";
  out += row({"Card", "Node", "Address", "SKU", "State", "NSP free", "Memory free MiB", "Used by"});
  for (const json& device : status.at("devices")) {
    std::string users;
    for (const json& holder : device.at("holders")) {
      if (!users.empty()) users += ", ";
      users += text_of(holder, "program") + " (" + std::to_string(number_of(holder, "process")) + ")";
    }
    const json& resources = device.at("resources");
    out += row(
        {std::to_string(number_of(device, "card")), text_of(device, "accel"), text_of(device, "pci_address"),
         text_of(device, "sku"), text_of(device, "state"), free_of(resources, "nsp_free/nsp_total", 1),
         free_of(resources, "dram_free_bytes/dram_total_bytes", 1024 * 1024), users.empty() ? "-" : users});
  }
  for (const json& program : cards.at("programs")) {
    out += "Joined: " + text_of(program, "name") + " (process " +
           std::to_string(number_of(program, "process")) + ") since " + text_of(program, "since") + "\n";
  }
  return out;
}

}  // namespace qaic::sim::cli
