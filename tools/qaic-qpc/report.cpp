#include "tools/qaic-qpc/report.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "tools/common/terminal.hpp"
#include "tools/qaic-qpc/report_fields.hpp"
#include "tools/qaic-qpc/timeline.hpp"

namespace qaic::qpc {
namespace {

using Json = nlohmann::json;

std::string text(const Json& value) {
  return tools::printable(value.is_string() ? value.get_ref<const std::string&>() : value.dump());
}

std::string bytes(const Json& value) {
  const auto count = value.get<std::uint64_t>();
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB"};
  if (count < 1024) return fmt::format("{} B", count);
  double scaled = static_cast<double>(count) / 1024;
  std::size_t unit = 0;
  while (scaled >= 1024 && unit + 1 < std::size(kUnits)) {
    scaled /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {} ({} B)", scaled, kUnits[unit], count);
}

std::string shape(const Json& dims) {
  std::string out;
  for (const auto& dim : dims) out += (out.empty() ? "" : "x") + dim.dump();
  return out.empty() ? "scalar" : out;
}

std::string threads(const Json& list) {
  std::string out;
  for (const auto& thread : list) {
    out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", text(thread["entry"]),
                       thread["hvx"] == true ? " hvx" : "", thread["hmx"] == true ? " hmx" : "");
  }
  return out;
}

// One step of the host: "quantize to int8_q [1x64] scale 0.5 zero point 3".
std::string host_step(const Json& step) {
  const std::string kind = text(step["kind"]);
  std::string out = fmt::format("{} to {} [{}]", kind, text(step["type"]), shape(step["dims"]));
  if (text(step["type"]).ends_with("_q")) {
    out += fmt::format(" scale {} zero point {}", step["scale"].dump(), step["zero_point"].dump());
  }
  if (!step["shuffle"].empty()) out += fmt::format(" of axes {}", step["shuffle"].dump());
  if (step["layout"] != "flat_nxyd") out += " layout " + text(step["layout"]);
  return out;
}

void tensors(std::string& out, const Json& list) {
  out += "Tensors\n";
  for (const auto& t : list) {
    out += fmt::format("  {:<3} {:<3} {} {} [{}] {} B", text(t["direction"]), t["index"].dump(),
                       text(t["name"]), text(t["type"]), shape(t["dims"]), t["size_bytes"].dump());
    if (text(t["type"]).ends_with("_q")) {
      out += fmt::format(" scale {} zero point {}", t["scale"].dump(), t["zero_point"].dump());
    }
    if (!t["buffer"].is_null())
      out += fmt::format(" in buffer {}+{}", t["buffer"].dump(), t["buffer_offset"].dump());
    if (t["partial_allowed"] == true) out += " partial allowed";
    if (t["ignored"] == true) out += " ignored by the program";
    if (!t["unsupported_transform"].is_null()) {
      out += fmt::format(" NOT USABLE: {}", text(t["unsupported_transform"]));
    }
    out += "\n";
    for (const auto& step : t["host_steps"]) out += fmt::format("        host: {}\n", host_step(step));
  }
}

// The tuples of shapes that the tensors may have together.
void shapes(std::string& out, const Json& program) {
  const Json& tuples = program["allowed_shapes"];
  if (tuples.empty()) return;
  out += "Allowed shapes\n";
  std::size_t index = 0;
  for (const auto& tuple : tuples) {
    std::string line = fmt::format("  {:<4}", index++);
    for (std::size_t i = 0; i < tuple.size(); ++i) {
      const std::string name = i < program["tensors"].size() ? text(program["tensors"][i]["name"]) : "?";
      const std::string item = fmt::format(" {} [{}]", name, shape(tuple[i]["dims"]));
      if (line.size() + item.size() > 80) {
        out += line + "\n";
        line = "      ";
      }
      line += item;
    }
    out += line + "\n";
  }
}

void needs(std::string& out, const Json& r) {
  out += "Needs of a card\n";
  for (const auto& [label, key] : {std::pair{"NSPs", "nsps"},
                                   {"Threads per NSP", "threads"},
                                   {"Semaphores", "semaphores"},
                                   {"Multicast ids", "multicast_ids"}}) {
    out += fmt::format("  {:<24} {}\n", label, r[key].dump());
  }
  for (const auto& [label, key] : {std::pair{"L2TCM", "l2tcm_bytes"},
                                   {"VTCM", "vtcm_bytes"},
                                   {"L2-cached DDR", "l2_cached_ddr_bytes"},
                                   {"Shared DDR", "shared_ddr_bytes"},
                                   {"Dynamic shared DDR", "dynamic_shared_ddr_bytes"},
                                   {"Static constants", "static_constants_bytes"},
                                   {"Dynamic constants", "dynamic_constants_bytes"},
                                   {"Heap", "heap_bytes"}}) {
    out += fmt::format("  {:<24} {}\n", label, bytes(r[key]));
  }
}

void multicast(std::string& out, const Json& program) {
  const Json& host = program["host_multicast"];
  const Json& tables = program["nsp_multicast"];
  if (host.empty() && tables.empty()) return;
  out += "Multicast ids\n";
  for (std::size_t id = 0; id < host.size(); ++id) {
    out += fmt::format("  {:<5} host writes {} B to NSPs {}", id, host[id]["size_bytes"].dump(),
                       text(host[id]["nsp_mask"]));
    // NSPs mostly agree; the first one stands for all that say the same.
    for (std::size_t nsp = 0; nsp < tables.size(); ++nsp) {
      if (id >= tables[nsp].size() || (nsp > 0 && id < tables[0].size() && tables[nsp][id] == tables[0][id]))
        continue;
      const Json& e = tables[nsp][id];
      out += fmt::format("; NSP {}: {}+{}", nsp, text(e["memory"]), e["offset"].dump());
    }
    out += "\n";
  }
}

void submission(std::string& out, const Json& program) {
  out += "Submission\n";
  if (program["plan"].is_null()) {
    out += fmt::format("  impossible: {}\n", text(program["plan_error"]));
    return;
  }
  std::size_t index = 0;
  for (const auto& bo : program["plan"]) {
    out += fmt::format("  BO {:<3} {} {} B, {}, slices:", index++, text(bo["direction"]),
                       bo["size_bytes"].dump(),
                       bo["buffer"].is_null() ? "no buffer" : "buffer " + bo["buffer"].dump());
    for (const auto& slice : bo["slices"]) {
      out += fmt::format(" {}+{}", slice["offset"].dump(), slice["size_bytes"].dump());
    }
    out += "\n";
  }
}

}  // namespace

std::string report_text(const Json& document) {
  std::string out;
  const Json& container = document["container"];
  const Json& program = document["program"];
  if (!program.is_null()) {
    const Json& v = program["versions"];
    out += fmt::format("Program {}\n", text(program["name"]));
    out += fmt::format(
        "  Versions: container {}, descriptor {}, metadata {}, exec context {},\n"
        "            hardware {}, ELF flags {}\n",
        text(container["version"]), text(v["descriptor"]), text(v["metadata"]),
        v["exec_context_major"].dump(), text(v["hardware"]), text(v["elf_flags"]));
  }
  out += fmt::format("Segments ({})\n", text(container["kind"]));
  for (const auto& segment : container["segments"]) {
    out += fmt::format("  {:<24} {}\n", text(segment["name"]), bytes(segment["size_bytes"]));
  }
  if (program.is_null()) return out;
  tensors(out, program["tensors"]);
  shapes(out, program);
  needs(out, program["resources"]);
  out += fmt::format("Threads: {}\n", threads(program["threads"]));
  out += fmt::format("Semaphores begin as: {}\n", program["semaphore_init"].dump());
  multicast(out, program);
  out += timeline_text(program["requests"]);
  submission(out, program);
  out += further_fields_text(program);
  return out;
}

}  // namespace qaic::qpc
