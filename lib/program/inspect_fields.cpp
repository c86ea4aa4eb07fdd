#include "lib/program/inspect_fields.hpp"

#include "lib/program/exec_context.hpp"
#include "lib/program/json_fields.hpp"

namespace qaic::program {
namespace {

using namespace json;

// An enumerator by name, or as a number where it has none.
void put_named(JsonWriter& out, std::string_view key, std::string_view name, std::int32_t number) {
  out.key(key);
  name.empty() ? out.number(number) : out.string(name);
}

void put_metadata(JsonWriter& out, const Metadata& m) {
  out.key("metadata").begin_object();
  out.key("ecc").begin_object();
  put(out, "shared_ddr", m.static_shared_ddr_ecc);
  put(out, "dynamic_shared_ddr", m.dynamic_shared_ddr_ecc);
  put(out, "static_constants", m.static_constants_ecc);
  put(out, "dynamic_constants", m.dynamic_constants_ecc);
  out.end_object();
  put(out, "single_vtcm_page", m.single_vtcm_page);
  put(out, "hvx_fp", m.has_hvx_fp);
  put(out, "hmx_fp", m.has_hmx_fp);
  put(out, "dynamic_shared_ddr_supported", m.dynamic_shared_ddr_supported);
  out.key("raw_struct_version_length");
  m.raw_struct_version_length ? out.number(*m.raw_struct_version_length) : out.null();
  if (m.qnn_constants) {
    put_named(out, "qnn_constants", qnn_constants_name(*m.qnn_constants), *m.qnn_constants);
  } else {
    out.key("qnn_constants").null();
  }
  if (m.heap_on_deactivate) {
    put_named(out, "heap_on_deactivate", heap_on_deactivate_name(*m.heap_on_deactivate),
              *m.heap_on_deactivate);
  } else {
    out.key("heap_on_deactivate").null();
  }
  put_objects(out, "ports", m.ports, [&](const PortEntry& port) {
    put(out, "id", std::uint64_t{port.id});
    put_named(out, "type", port_type_name(port.type), port.type);
  });
  put_objects(out, "l2tcm_nonzero_regions", m.l2tcm_nonzero_regions, [&](const NonZeroRegion& region) {
    put(out, "start", region.start);
    put(out, "end", region.end);
    put(out, "size_bytes", region.size);
  });
  put(out, "exec_context_bytes", std::uint64_t{m.exec_context.size()});
  const auto variables = read_exec_context(m.exec_context).value_or(std::vector<ContextVariable>{});
  put_objects(out, "exec_context", variables, [&](const ContextVariable& variable) {
    const auto name = context_variable_name(variable.variable);
    put(out, "variable", name.empty() ? std::to_string(variable.variable) : std::string(name));
    put(out, "size_bytes", std::uint64_t{variable.size});
    put(out, "offset", variable.offset);
    put(out, "optional", variable.optional);
  });
  put_texts(out, "unread", m.unread);
  out.end_object();
}

void put_op(JsonWriter& out, const OpName& op) {
  out.begin_object();
  put(out, "name", op.name);
  put(out, "kind", op.kind);
  put(out, "type", op.type);
  put(out, "memory", op.memory);
  put(out, "shape", op.shape);
  put(out, "operand", op.operand);
  put(out, "output_size", op.output_size);
  put(out, "attributes", op.attributes);
  put_texts(out, "operands", op.operands);
  out.end_object();
}

void put_stats(JsonWriter& out, const Stats& stats) {
  out.begin_object();
  put(out, "buffer", std::uint64_t{stats.buffer});
  put(out, "print_stats", stats.print_stats);
  put(out, "stats_level", stats.stats_level);
  put(out, "no_host_sync", stats.no_host_sync);
  put(out, "print_op_stats", stats.print_op_stats);
  put(out, "op_stats_level", stats.op_stats_level);
  put(out, "batch_size", stats.batch_size);
  put(out, "count_ddr_bandwidth", stats.count_ddr_bandwidth);
  put(out, "utimer_freq_ms", stats.utimer_freq_ms);
  put_numbers(out, "pmu_events", stats.pmu_events);
  put_numbers(out, "ops_per_core", stats.ops_per_core);
  out.key("ops").begin_array();
  for (const auto& core : stats.ops) {
    out.begin_array();
    for (const auto& group : core) {
      out.begin_array();
      for (const auto& op : group) put_op(out, op);
      out.end_array();
    }
    out.end_array();
  }
  out.end_array();
  put(out, "pmu_stats_level", stats.pmu_stats_level);
  out.end_object();
}

void put_crc_info(JsonWriter& out, const CrcInfo& info) {
  out.begin_object();
  put(out, "buffer", std::uint64_t{info.buffer});
  put_objects(out, "entries", info.entries, [&](const CrcEntry& entry) {
    put(out, "buffer", std::uint64_t{entry.dma_buffer});
    put(out, "offset", std::uint64_t{entry.offset});
    put(out, "size_bytes", std::uint64_t{entry.size});
    put(out, "index", std::uint64_t{entry.index});
    put(out, "begin_block_size", std::uint64_t{entry.begin_block_size});
    put(out, "end_block_size", std::uint64_t{entry.end_block_size});
    put(out, "stride_interval", std::uint64_t{entry.stride_interval});
    put(out, "stride_size", std::uint64_t{entry.stride_size});
    put(out, "algorithm", std::uint64_t{entry.algorithm});
  });
  out.end_object();
}

void put_descriptor(JsonWriter& out, const Descriptor& d) {
  out.key("descriptor").begin_object();
  put(out, "cores", std::uint64_t{d.num_cores});
  put(out, "threads", std::uint64_t{d.num_threads});
  put(out, "hvx_threads", std::uint64_t{d.num_hvx_threads});
  put_numbers(out, "thread_groups", d.thread_groups);
  put(out, "thread_group_issue_count", std::uint64_t{d.thread_group_issue_count});
  put_texts(out, "thread_group_names", d.thread_group_names);
  put_numbers(out, "cluster_offsets", d.cluster_offsets);
  out.key("stats");
  d.stats ? put_stats(out, *d.stats) : void(out.null());
  out.key("crc_info");
  d.crc_info ? put_crc_info(out, *d.crc_info) : void(out.null());
  put_texts(out, "unread", d.unread);
  out.end_object();
}

void put_format(JsonWriter& out, std::string_view key, const IoFormat& format) {
  out.key(key).begin_object();
  put_type(out, format.type);
  put_dims(out, format.dims);
  out.key("scale").number(double{format.scale});
  put(out, "zero_point", format.offset);
  put(out, "layout", layout_text(format.layout));
  out.end_object();
}

void put_padding(JsonWriter& out, const D32Padding& p) {
  put_numbers(out, "padding", std::vector{p.value, p.x_begin, p.y_begin, p.x_end, p.y_end, p.d_end});
}

void put_copy(JsonWriter& out, const CopyDmaBuffer& copy) {
  out.key("copy").begin_object();
  put(out, "direction", direction_name(copy.direction));
  put(out, "buffer", std::uint64_t{copy.buffer});
  put(out, "buffer_offset", std::uint64_t{copy.offset});
  out.end_object();
}

}  // namespace

void put_further_fields(JsonWriter& out, const Program& program) {
  put_metadata(out, program.metadata);
  put_descriptor(out, program.descriptor);
  out.key("constants_descriptor").begin_object();
  put(out, "static_ecc", program.constants.static_ecc);
  put(out, "dynamic_ecc", program.constants.dynamic_ecc);
  out.end_object();
}

void put_binding(JsonWriter& out, const Binding& binding) {
  put(out, "align", std::uint64_t{binding.align});
  put_format(out, "initial", binding.initial);
  put_format(out, "transformed", binding.transformed);
  put_objects(out, "transforms", binding.transforms, [&](const TransformStep& step) {
    const auto kind = transform_name(step.kind);
    put(out, "kind", kind.empty() ? std::to_string(step.kind) : std::string(kind));
    put_type(out, step.type);
    put_dims(out, step.dims);
    out.key("scale").number(double{step.scale});
    put(out, "zero_point", step.offset);
    put(out, "layout", layout_text(step.layout));
    put_numbers(out, "shuffle", step.shuffle);
    step.d32 ? put_padding(out, *step.d32) : void(out.key("padding").null());
    step.copy ? put_copy(out, *step.copy) : void(out.key("copy").null());
  });
}

}  // namespace qaic::program
