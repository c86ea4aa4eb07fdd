#include "tools/qaic-qpc/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "lib/program/metadata.hpp"

namespace qaic::qpc {
namespace {

using Json = nlohmann::json;
using wire::uapi::SemaphoreCommand;

// Columns: number, transfer, bytes, before, after, doorbells; with a space
// between two they make 80.
constexpr std::array<std::size_t, 6> kWidths = {5, 25, 10, 10, 10, 15};
constexpr std::array<std::string_view, 6> kTitles = {"#", "transfer", "bytes", "waits", "then", "rings"};

using Cell = std::vector<std::string>;  // items; broken between them where it must be

// The items of a cell as lines that are no wider than `width`.
std::vector<std::string> lines_of(const Cell& cell, std::size_t width) {
  std::vector<std::string> out;
  for (std::string item : cell) {
    if (!out.empty() && out.back().size() + 1 + item.size() <= width) {
      out.back() += " " + item;
      continue;
    }
    for (; item.size() > width; item.erase(0, width)) out.push_back(item.substr(0, width));
    out.push_back(std::move(item));
  }
  return out;
}

std::string row(const std::array<Cell, 6>& cells) {
  std::array<std::vector<std::string>, 6> columns;
  std::size_t height = 1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    columns[i] = lines_of(cells[i], kWidths[i]);
    height = std::max(height, columns[i].size());
  }
  std::string out;
  for (std::size_t line = 0; line < height; ++line) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string cell = line < columns[i].size() ? columns[i][line] : std::string{};
      const bool right = i == 0 || i == 2;  // numbers
      text += right ? fmt::format("{:>{}}", cell, kWidths[i]) : fmt::format("{:<{}}", cell, kWidths[i]);
      text += ' ';
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string offset(std::uint64_t value) {
  constexpr std::uint64_t kDecimal = 1'000'000'000'000;
  return value < kDecimal ? fmt::format("+{}", value) : fmt::format("+{:#x}", value);
}

Cell transfer(const Json& r) {
  if (r["size_bytes"] == 0) return {"-"};
  const std::string buffer = "b" + r["buffer"].dump() + offset(r["host_offset"].get<std::uint64_t>());
  std::string place = r["memory"] == "multicast"    ? "mc" + r["mcid"].dump()
                      : r["memory"] == "shared_ddr" ? "ddr"
                                                    : "dyn";
  place += offset(r["memory_offset"].get<std::uint64_t>());
  return {buffer, (r["transfer"] == "in" ? "> " : "< ") + place};
}

Cell operations(const Json& r, std::string_view when) {
  Cell out;
  for (const auto& op : r["semaphores"]) {
    if (op["when"] == when) out.push_back(semaphore_text(op));
  }
  return out;
}

Cell doorbells(const Json& r) {
  Cell out;
  for (const auto& bell : r["doorbells"]) {
    const bool word = bell["bits"] == 32;
    out.push_back(fmt::format("mc{}{}={}{}", bell["mcid"].dump(), offset(bell["offset"].get<std::uint64_t>()),
                              bell["data"].dump(), word ? "" : "/" + bell["bits"].dump()));
  }
  return out;
}

}  // namespace

std::string semaphore_text(const Json& op) {
  const std::string semaphore = "s" + op["number"].dump();
  const std::string value = op["value"].dump();
  const auto command = program::semaphore_command_from_name(op["op"].get_ref<const std::string&>());
  std::string out;
  switch (command.value_or(SemaphoreCommand::nop)) {
    case SemaphoreCommand::nop:
      out = "nop";
      break;
    case SemaphoreCommand::init:
      out = semaphore + "=" + value;
      break;
    case SemaphoreCommand::inc:
      out = semaphore + "++";
      break;
    case SemaphoreCommand::dec:
      out = semaphore + "--";
      break;
    case SemaphoreCommand::wait_equal:
      out = semaphore + "==" + value;
      break;
    case SemaphoreCommand::wait_gt_eq:
      out = semaphore + ">=" + value;
      break;
    case SemaphoreCommand::wait_gt_0:
      out = semaphore + ">0--";
      break;
  }
  if (op["in_fence"] == true) out += "|in";
  if (op["out_fence"] == true) out += "|out";
  return out;
}

std::string timeline_text(const Json& requests) {
  std::string out = "DMA requests of one inference, in order\n";
  std::array<Cell, 6> titles;
  for (std::size_t i = 0; i < titles.size(); ++i) titles[i] = {std::string(kTitles[i])};
  out += row(titles);
  for (const auto& r : requests) {
    const bool moves = r["size_bytes"] != 0;
    out += row({Cell{r["index"].dump()}, transfer(r), moves ? Cell{r["size_bytes"].dump()} : Cell{},
                operations(r, "pre"), operations(r, "post"), doorbells(r)});
  }
  out +=
      "  (b buffer, mc multicast window, ddr shared DDR, dyn dynamic shared DDR;\n"
      "  s semaphore: == >= wait, >0-- wait and take, = set, ++ --, |in |out fence)\n";
  return out;
}

}  // namespace qaic::qpc
