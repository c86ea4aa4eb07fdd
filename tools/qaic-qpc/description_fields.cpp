#include "tools/qaic-qpc/description_fields.hpp"

#include "tools/qaic-qpc/description_tensors.hpp"

namespace qaic::qpc {
namespace {

// A word, or a number that has no name here.
std::int8_t named(const ObjectReader& object, std::string_view key, std::string_view (*name)(std::int8_t)) {
  if (object.at(key).is_number()) return object.number<std::int8_t>(key);
  const std::string given = object.text(key);
  constexpr std::int8_t kLast = 2;
  std::string known;
  for (std::int8_t value = 0; value <= kLast; ++value) {
    const auto word = name(value);
    if (word.empty()) continue;
    if (word == given) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  object.refuse(key, "'" + given + "' is none of " + known);
}

void read_required_fields(const ObjectReader& root, program::Metadata& out) {
  if (!root.has("required_fields")) return;
  out.required_fields.emplace();
  for (const auto& name : root.texts("required_fields")) {
    if (!program::is_known_field(name))
      root.refuse("required_fields", "names '" + name + "', which is no field");
    out.required_fields->push_back(std::string(program::kFieldPrefix) + name);
  }
}

program::OpName read_op(const Json& item, const std::string& path) {
  const ObjectReader object(
      item, path,
      {"name", "kind", "type", "memory", "shape", "operand", "output_size", "attributes", "operands"});
  const auto text = [&](std::string_view key) { return object.has(key) ? object.text(key) : std::string{}; };
  program::OpName out;
  out.name = text("name");
  out.kind = text("kind");
  out.type = text("type");
  out.memory = text("memory");
  out.shape = text("shape");
  out.operand = text("operand");
  out.output_size = object.number<std::uint64_t>("output_size", 0);
  out.attributes = text("attributes");
  out.operands = object.texts("operands");
  return out;
}

const Json& list(const Json& value, const std::string& path) {
  if (!value.is_array()) throw DescriptionError{path + " is no list"};
  return value;
}

program::Stats read_stats(const Json& value, const std::string& path) {
  const ObjectReader object(value, path,
                            {"buffer", "print_stats", "stats_level", "no_host_sync", "print_op_stats",
                             "op_stats_level", "batch_size", "count_ddr_bandwidth", "utimer_freq_ms",
                             "pmu_events", "ops_per_core", "pmu_stats_level", "ops"});
  program::Stats out;
  out.buffer = object.number<std::uint32_t>("buffer", 0);
  out.print_stats = object.flag("print_stats");
  out.stats_level = object.number<std::int32_t>("stats_level", 0);
  out.no_host_sync = object.flag("no_host_sync");
  out.print_op_stats = object.flag("print_op_stats");
  out.op_stats_level = object.number<std::int32_t>("op_stats_level", 0);
  out.batch_size = object.number<std::int32_t>("batch_size", 0);
  out.count_ddr_bandwidth = object.flag("count_ddr_bandwidth");
  out.utimer_freq_ms = object.number<std::int32_t>("utimer_freq_ms", 0);
  out.pmu_events = object.numbers<std::int32_t>("pmu_events");
  out.ops_per_core = object.numbers<std::int32_t>("ops_per_core");
  out.pmu_stats_level = object.number<std::int32_t>("pmu_stats_level", 0);
  for_each(object, "ops", [&](const Json& core, const std::string& core_path) {
    auto& groups = out.ops.emplace_back();
    for (const auto& group : list(core, core_path)) {
      const std::string group_path = core_path + "/" + std::to_string(groups.size());
      auto& ops = groups.emplace_back();
      for (const auto& op : list(group, group_path)) {
        ops.push_back(read_op(op, group_path + "/" + std::to_string(ops.size())));
      }
    }
  });
  return out;
}

program::CrcInfo read_crc_info(const Json& value, const std::string& path) {
  const ObjectReader object(value, path, {"buffer", "entries"});
  program::CrcInfo out;
  out.buffer = object.number<std::uint32_t>("buffer", 0);
  for_each(object, "entries", [&](const Json& item, const std::string& where) {
    const ObjectReader entry(item, where,
                             {"buffer", "offset", "size", "index", "begin_block_size", "end_block_size",
                              "stride_interval", "stride_size", "algorithm"});
    const auto number = [&](std::string_view key) { return entry.number<std::uint32_t>(key, 0); };
    out.entries.push_back({number("buffer"), number("offset"), number("size"), number("index"),
                           number("begin_block_size"), number("end_block_size"), number("stride_interval"),
                           number("stride_size"), number("algorithm")});
  });
  return out;
}

}  // namespace

void read_metadata_fields(const ObjectReader& root, program::Metadata& out) {
  if (root.has("metadata_version")) {
    const auto version = root.numbers<std::uint16_t>("metadata_version");
    if (version.size() != 2) root.refuse("metadata_version", "is not two numbers");
    out.version_major = version[0];
    out.version_minor = version[1];
  }
  out.exec_context_major = root.number<std::uint16_t>("exec_context_major", out.exec_context_major);
  out.static_shared_ddr_ecc = root.flag("shared_ddr_ecc");
  out.dynamic_shared_ddr_ecc = root.flag("dynamic_shared_ddr_ecc");
  out.static_constants_ecc = root.flag("static_constants_ecc");
  out.dynamic_constants_ecc = root.flag("dynamic_constants_ecc");
  out.dynamic_shared_ddr_supported = root.has("dynamic_shared_ddr_supported")
                                         ? root.flag("dynamic_shared_ddr_supported")
                                         : out.dynamic_shared_ddr_size != 0;
  if (root.has("raw_struct_version_length")) {
    out.raw_struct_version_length = root.number<std::uint64_t>("raw_struct_version_length");
  }
  if (root.has("qnn_constants")) {
    out.qnn_constants = named(root, "qnn_constants", program::qnn_constants_name);
  }
  if (root.has("heap_on_deactivate")) {
    out.heap_on_deactivate = named(root, "heap_on_deactivate", program::heap_on_deactivate_name);
  }
  if (root.has("ports")) {
    out.ports.clear();
    for_each(root, "ports", [&](const Json& item, const std::string& path) {
      const ObjectReader port(item, path, {"id", "type"});
      const auto type = port.has("type") ? named(port, "type", program::port_type_name) : std::int8_t{0};
      out.ports.push_back({port.number<std::uint16_t>("id"), type});
    });
  }
  for_each(root, "l2tcm_nonzero_regions", [&](const Json& item, const std::string& path) {
    const ObjectReader region(item, path, {"start", "end", "size"});
    out.l2tcm_nonzero_regions.push_back({region.number<std::uint64_t>("start"),
                                         region.number<std::uint64_t>("end"),
                                         region.number<std::uint64_t>("size")});
  });
  read_required_fields(root, out);
}

void read_descriptor(const ObjectReader& root, program::Descriptor& out) {
  if (!root.has("descriptor")) return;
  const ObjectReader object(
      root.at("descriptor"), "/descriptor",
      {"name", "version", "cores", "threads", "hvx_threads", "cluster_offsets", "thread_groups",
       "thread_group_issue_count", "thread_group_names", "stats", "crc_info"});
  if (object.has("name")) out.network_name = object.text("name");
  if (object.has("version")) {
    const auto version = object.numbers<std::uint32_t>("version");
    if (version.size() != 2) object.refuse("version", "is not two numbers");
    out.major = version[0];
    out.minor = version[1];
  }
  out.num_cores = object.number<std::uint32_t>("cores", out.num_cores);
  out.num_threads = object.number<std::uint32_t>("threads", out.num_threads);
  out.num_hvx_threads = object.number<std::uint32_t>("hvx_threads", out.num_hvx_threads);
  out.cluster_offsets = object.numbers<std::uint32_t>("cluster_offsets");
  out.thread_groups = object.numbers<std::uint32_t>("thread_groups");
  out.thread_group_issue_count = object.number<std::uint32_t>("thread_group_issue_count", 0);
  out.thread_group_names = object.texts("thread_group_names");
  if (object.has("stats")) out.stats = read_stats(object.at("stats"), object.path("stats"));
  if (object.has("crc_info")) out.crc_info = read_crc_info(object.at("crc_info"), object.path("crc_info"));
}

}  // namespace qaic::qpc
