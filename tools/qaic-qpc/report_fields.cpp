#include "tools/qaic-qpc/report_fields.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "tools/common/terminal.hpp"

namespace qaic::qpc {
namespace {

using Json = nlohmann::json;

std::string text(const Json& value) {
  return tools::printable(value.is_string() ? value.get_ref<const std::string&>() : value.dump());
}

// "a, b, c", continued below where it grows beyond 80 columns.
void row(std::string& out, std::string_view label, const std::vector<std::string>& items,
         std::string_view none = "none") {
  constexpr std::size_t kColumn = 27;
  std::string line = fmt::format("  {:<24}", label);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    if (line.size() > kColumn && line.size() + 1 + item.size() > 80) {
      out += line + "\n";
      line = std::string(kColumn - 1, ' ');
    }
    line += " " + item;
  }
  if (items.empty()) line += fmt::format(" {}", none);
  out += line + "\n";
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(text(item));
  return out;
}

// Those of `names` whose key is true.
std::vector<std::string> set_ones(const Json& object,
                                  std::initializer_list<std::pair<const char*, const char*>> names) {
  std::vector<std::string> out;
  for (const auto& [key, name] : names) {
    if (object[key] == true) out.emplace_back(name);
  }
  return out;
}

void metadata(std::string& out, const Json& m) {
  out += "Metadata\n";
  row(out, "ECC",
      set_ones(m["ecc"], {{"shared_ddr", "shared DDR"},
                          {"dynamic_shared_ddr", "dynamic shared DDR"},
                          {"static_constants", "static constants"},
                          {"dynamic_constants", "dynamic constants"}}));
  row(out, "Said of the program",
      set_ones(m, {{"single_vtcm_page", "single VTCM page"},
                   {"hvx_fp", "HVX floating point"},
                   {"hmx_fp", "HMX floating point"},
                   {"dynamic_shared_ddr_supported", "dynamic shared DDR supported"}}),
      "nothing");
  const auto given = [&](const char* key) {
    return m[key].is_null() ? std::vector<std::string>{} : std::vector{text(m[key])};
  };
  row(out, "QNN constants", given("qnn_constants"), "not said");
  row(out, "Heap on deactivate", given("heap_on_deactivate"), "not said");
  row(out, "Raw struct length", given("raw_struct_version_length"), "twice the metadata's");
  std::vector<std::string> ports;
  for (const auto& port : m["ports"])
    ports.push_back(fmt::format("{} {}", text(port["id"]), text(port["type"])));
  row(out, "Ports", ports);
  std::vector<std::string> regions;
  for (const auto& r : m["l2tcm_nonzero_regions"]) {
    regions.push_back(
        fmt::format("{} to {} ({} B)", text(r["start"]), text(r["end"]), text(r["size_bytes"])));
  }
  row(out, "L2TCM not zero", regions, "not said");
  std::vector<std::string> variables;
  for (const auto& v : m["exec_context"]) {
    variables.push_back(fmt::format("{}+{}{}", text(v["variable"]), text(v["offset"]),
                                    v["optional"] == true ? " optional" : ""));
  }
  row(out, "Exec context", variables, m["exec_context_bytes"] == 0 ? "none" : "no variables");
  if (!m["unread"].empty()) row(out, "Unknown fields", texts(m["unread"]));
}

void stats(std::string& out, const Json& s) {
  if (s.is_null()) return row(out, "Statistics", {});
  std::size_t ops = 0;
  for (const auto& core : s["ops"]) {
    for (const auto& group : core) ops += group.size();
  }
  std::vector<std::string> items = {"buffer " + text(s["buffer"])};
  for (const auto& [key, name] : {std::pair{"stats_level", "level"},
                                  {"op_stats_level", "operation level"},
                                  {"pmu_stats_level", "PMU level"},
                                  {"batch_size", "batch size"},
                                  {"utimer_freq_ms", "utimer ms"}}) {
    items.push_back(fmt::format("{} {}", name, text(s[key])));
  }
  for (auto& name : set_ones(s, {{"print_stats", "printed"},
                                 {"print_op_stats", "operations printed"},
                                 {"no_host_sync", "no host sync"},
                                 {"count_ddr_bandwidth", "DDR bandwidth counted"}})) {
    items.push_back(std::move(name));
  }
  items.push_back(fmt::format("PMU events {}", text(s["pmu_events"])));
  items.push_back(fmt::format("operations per core {}", text(s["ops_per_core"])));
  items.push_back(fmt::format("{} operations named", ops));
  row(out, "Statistics", items);
}

void checksums(std::string& out, const Json& info) {
  if (info.is_null()) return row(out, "Checksums", {});
  std::vector<std::string> items = {"buffer " + text(info["buffer"])};
  for (const auto& e : info["entries"]) {
    items.push_back(fmt::format("{} of buffer {}+{}, {} B", text(e["index"]), text(e["buffer"]),
                                text(e["offset"]), text(e["size_bytes"])));
  }
  row(out, "Checksums", items);
}

void descriptor(std::string& out, const Json& d) {
  out += "Descriptor\n";
  row(out, "Cores, threads, HVX", {text(d["cores"]), text(d["threads"]), text(d["hvx_threads"])});
  row(out, "Thread groups", texts(d["thread_groups"]));
  row(out, "Names of the groups", texts(d["thread_group_names"]));
  row(out, "Issue count", {text(d["thread_group_issue_count"])});
  row(out, "Cluster offsets", texts(d["cluster_offsets"]));
  stats(out, d["stats"]);
  checksums(out, d["crc_info"]);
  if (!d["unread"].empty()) row(out, "Unknown fields", texts(d["unread"]));
}

}  // namespace

std::string further_fields_text(const Json& program) {
  std::string out;
  metadata(out, program["metadata"]);
  descriptor(out, program["descriptor"]);
  const auto ecc = set_ones(program["constants_descriptor"],
                            {{"static_ecc", "static part"}, {"dynamic_ecc", "dynamic part"}});
  if (!ecc.empty()) row(out, "ECC of constants.bin", ecc);
  return out;
}

}  // namespace qaic::qpc
