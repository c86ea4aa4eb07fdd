#include "tools/qaic-qpc/describe_fields.hpp"

#include <algorithm>

#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace wqpc = wire::qpc;
using Ordered = nlohmann::ordered_json;

// By name where there is one.
Ordered named(std::string_view name, std::int8_t value) {
  return name.empty() ? Ordered(value) : Ordered(name);
}

Ordered ports_of(const std::vector<program::PortEntry>& ports) {
  Ordered out = Ordered::array();
  for (const auto& port : ports) {
    out.push_back({{"id", port.id}, {"type", named(program::port_type_name(port.type), port.type)}});
  }
  return out;
}

// Without the prefix that all of them have.
Ordered fields_of(const std::vector<std::string>& fields) {
  Ordered out = Ordered::array();
  for (const auto& field : fields) {
    const bool prefixed = field.starts_with(program::kFieldPrefix);
    out.push_back(prefixed ? field.substr(program::kFieldPrefix.size()) : field);
  }
  return out;
}

Ordered op_of(const program::OpName& op) {
  return {{"name", op.name},
          {"kind", op.kind},
          {"type", op.type},
          {"memory", op.memory},
          {"shape", op.shape},
          {"operand", op.operand},
          {"output_size", op.output_size},
          {"attributes", op.attributes},
          {"operands", op.operands}};
}

Ordered stats_of(const program::Stats& stats) {
  Ordered ops = Ordered::array();
  for (const auto& core : stats.ops) {
    Ordered groups = Ordered::array();
    for (const auto& group : core) {
      Ordered rows = Ordered::array();
      for (const auto& op : group) rows.push_back(op_of(op));
      groups.push_back(std::move(rows));
    }
    ops.push_back(std::move(groups));
  }
  Ordered out = {{"buffer", stats.buffer},
                 {"print_stats", stats.print_stats},
                 {"stats_level", stats.stats_level},
                 {"no_host_sync", stats.no_host_sync},
                 {"print_op_stats", stats.print_op_stats},
                 {"op_stats_level", stats.op_stats_level},
                 {"batch_size", stats.batch_size},
                 {"count_ddr_bandwidth", stats.count_ddr_bandwidth},
                 {"utimer_freq_ms", stats.utimer_freq_ms},
                 {"pmu_events", stats.pmu_events},
                 {"ops_per_core", stats.ops_per_core},
                 {"pmu_stats_level", stats.pmu_stats_level}};
  out["ops"] = std::move(ops);
  return out;
}

Ordered crc_info_of(const program::CrcInfo& info) {
  Ordered entries = Ordered::array();
  for (const auto& entry : info.entries) {
    entries.push_back({{"buffer", entry.dma_buffer},
                       {"offset", entry.offset},
                       {"size", entry.size},
                       {"index", entry.index},
                       {"begin_block_size", entry.begin_block_size},
                       {"end_block_size", entry.end_block_size},
                       {"stride_interval", entry.stride_interval},
                       {"stride_size", entry.stride_size},
                       {"algorithm", entry.algorithm}});
  }
  Ordered out = {{"buffer", info.buffer}};
  out["entries"] = std::move(entries);
  return out;
}

}  // namespace

void describe_metadata_fields(const program::Metadata& m, Ordered& out) {
  const program::Metadata usual;
  if (m.version_major != usual.version_major || m.version_minor != usual.version_minor) {
    out["metadata_version"] = {m.version_major, m.version_minor};
  }
  if (m.exec_context_major != usual.exec_context_major) out["exec_context_major"] = m.exec_context_major;
  if (m.static_shared_ddr_ecc) out["shared_ddr_ecc"] = true;
  if (m.dynamic_shared_ddr_ecc) out["dynamic_shared_ddr_ecc"] = true;
  if (m.static_constants_ecc) out["static_constants_ecc"] = true;
  if (m.dynamic_constants_ecc) out["dynamic_constants_ecc"] = true;
  if (m.dynamic_shared_ddr_supported != (m.dynamic_shared_ddr_size != 0)) {
    out["dynamic_shared_ddr_supported"] = m.dynamic_shared_ddr_supported;
  }
  if (m.raw_struct_version_length) out["raw_struct_version_length"] = *m.raw_struct_version_length;
  if (m.qnn_constants) {
    out["qnn_constants"] = named(program::qnn_constants_name(*m.qnn_constants), *m.qnn_constants);
  }
  if (m.heap_on_deactivate) {
    out["heap_on_deactivate"] =
        named(program::heap_on_deactivate_name(*m.heap_on_deactivate), *m.heap_on_deactivate);
  }
  if (Ordered ports = ports_of(m.ports); ports != ports_of(usual.ports)) out["ports"] = std::move(ports);
  for (const auto& region : m.l2tcm_nonzero_regions) {
    out["l2tcm_nonzero_regions"].push_back(
        {{"start", region.start}, {"end", region.end}, {"size", region.size}});
  }
  if (m.required_fields && *m.required_fields != program::usual_required_fields(m)) {
    out["required_fields"] = fields_of(*m.required_fields);
  }
}

Ordered describe_descriptor(const program::Descriptor& d) {
  Ordered out = {
      {"name", d.network_name},   {"version", {d.major, d.minor}},    {"cores", d.num_cores},
      {"threads", d.num_threads}, {"hvx_threads", d.num_hvx_threads}, {"cluster_offsets", d.cluster_offsets}};
  if (!d.thread_groups.empty()) out["thread_groups"] = d.thread_groups;
  if (d.thread_group_issue_count != 0) out["thread_group_issue_count"] = d.thread_group_issue_count;
  if (!d.thread_group_names.empty()) out["thread_group_names"] = d.thread_group_names;
  if (d.stats) out["stats"] = stats_of(*d.stats);
  if (d.crc_info) out["crc_info"] = crc_info_of(*d.crc_info);
  return out;
}

}  // namespace qaic::qpc
