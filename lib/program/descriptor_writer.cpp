#include <protozero/pbf_writer.hpp>
#include <string>

#include "lib/program/descriptor.hpp"

namespace qaic::program {
namespace {

namespace field = wire::qpc::field;
using protozero::pbf_writer;

// proto3: a scalar that is zero is not written.
void put(pbf_writer& out, std::uint32_t tag, std::uint32_t value) {
  if (value != 0) out.add_uint32(tag, value);
}
void put(pbf_writer& out, std::uint32_t tag, std::int32_t value) {
  if (value != 0) out.add_int32(tag, value);
}
void put(pbf_writer& out, std::uint32_t tag, float value) {
  if (value < 0 || value > 0) out.add_float(tag, value);
}
void put(pbf_writer& out, std::uint32_t tag, bool value) {
  if (value) out.add_bool(tag, true);
}
void put(pbf_writer& out, std::uint32_t tag, const std::vector<std::int32_t>& values) {
  if (!values.empty()) out.add_packed_int32(tag, values.begin(), values.end());
}
void put(pbf_writer& out, std::uint32_t tag, const std::string& text) {
  if (!text.empty()) out.add_string(tag, text);
}

// A message inside `parent`, written even if it is empty: in a list its place
// counts, and protozero's own nesting would drop it.
template <class Fill>
void put_message(pbf_writer& parent, std::uint32_t tag, Fill fill) {
  std::string text;
  pbf_writer out(text);
  fill(out);
  parent.add_message(tag, text);
}

void fill(pbf_writer& out, const IoFormat& format) {
  put(out, field::io::type, format.type);
  put(out, field::io::scale, format.scale);
  put(out, field::io::offset, format.offset);
  put(out, field::io::dims, format.dims);
  put(out, field::io::layout, format.layout);
}

void fill(pbf_writer& out, const TransformStep& step) {
  put(out, field::transform::kind, step.kind);
  put(out, field::transform::type, step.type);
  put(out, field::transform::scale, step.scale);
  put(out, field::transform::offset, step.offset);
  put(out, field::transform::dims, step.dims);
  put(out, field::transform::layout, step.layout);
  put(out, field::transform::shuffle, step.shuffle);
  if (step.d32) {
    put_message(out, field::transform::convert_to_d32, [&](pbf_writer& d32) {
      const std::int32_t values[] = {step.d32->value, step.d32->x_begin, step.d32->y_begin,
                                     step.d32->x_end, step.d32->y_end,   step.d32->d_end};
      std::uint32_t number = 1;
      for (const std::int32_t value : values) put(d32, number++, value);
    });
  }
  if (step.copy) {
    put_message(out, field::transform::copy_dma_buffer, [&](pbf_writer& copy) {
      put(copy, field::copy_dma_buffer::direction, static_cast<std::uint32_t>(step.copy->direction));
      put(copy, field::copy_dma_buffer::offset, step.copy->offset);
      put(copy, field::copy_dma_buffer::buffer, step.copy->buffer);
    });
  }
}

void fill(pbf_writer& out, const Binding& binding) {
  put(out, field::binding::name, binding.name);
  put_message(out, field::binding::io_initial, [&](pbf_writer& m) { fill(m, binding.initial); });
  put_message(out, field::binding::io_transformed, [&](pbf_writer& m) { fill(m, binding.transformed); });
  for (const auto& step : binding.transforms) {
    put_message(out, field::binding::transforms, [&](pbf_writer& m) { fill(m, step); });
  }
  if (binding.partial_allowed) out.add_bool(field::binding::is_partial_allowed, true);
  put(out, field::binding::align, binding.align);
}

void fill(pbf_writer& out, const DmaBuffer& buffer) {
  put(out, field::dma_buffer::size, buffer.size);
  put(out, field::dma_buffer::direction, static_cast<std::uint32_t>(buffer.direction));
}

void fill(pbf_writer& out, const OpName& op) {
  put(out, field::op::name, op.name);
  put(out, field::op::kind, op.kind);
  put(out, field::op::type, op.type);
  put(out, field::op::memory, op.memory);
  put(out, field::op::shape, op.shape);
  put(out, field::op::operand, op.operand);
  if (op.output_size != 0) out.add_uint64(field::op::output_size, op.output_size);
  put(out, field::op::attributes, op.attributes);
  for (const auto& operand : op.operands) out.add_string(field::op::operands, operand);
}

void fill(pbf_writer& out, const Stats& stats) {
  namespace tag = field::stats;
  put(out, tag::buffer, stats.buffer);
  put(out, tag::print_stats, stats.print_stats);
  put(out, tag::stats_level, stats.stats_level);
  put(out, tag::no_host_sync, stats.no_host_sync);
  put(out, tag::print_op_stats, stats.print_op_stats);
  put(out, tag::op_stats_level, stats.op_stats_level);
  put(out, tag::batch_size, stats.batch_size);
  put(out, tag::count_ddr_bw, stats.count_ddr_bandwidth);
  put(out, tag::utimer_freq_ms, stats.utimer_freq_ms);
  put(out, tag::pmu_events, stats.pmu_events);
  put(out, tag::ops_per_core, stats.ops_per_core);
  for (const auto& core : stats.ops) {
    put_message(out, tag::core_op_names, [&](pbf_writer& groups) {
      for (const auto& group : core) {
        put_message(groups, tag::groups, [&](pbf_writer& ops) {
          for (const auto& op : group) put_message(ops, tag::ops, [&](pbf_writer& m) { fill(m, op); });
        });
      }
    });
  }
  put(out, tag::pmu_stats_level, stats.pmu_stats_level);
}

void fill(pbf_writer& out, const CrcInfo& info) {
  put(out, field::crc::buffer, info.buffer);
  for (const auto& entry : info.entries) {
    put_message(out, field::crc::entries, [&](pbf_writer& m) {
      const std::uint32_t values[] = {entry.dma_buffer,      entry.offset,           entry.size,
                                      entry.index,           entry.begin_block_size, entry.end_block_size,
                                      entry.stride_interval, entry.stride_size,      entry.algorithm};
      std::uint32_t number = 1;
      for (const std::uint32_t value : values) put(m, number++, value);
    });
  }
}

void fill(pbf_writer& out, const TensorShape& shape) {
  put(out, field::shapes::type, shape.type);
  put(out, field::shapes::dims, shape.dims);
}

void fill(pbf_writer& out, const Descriptor& descriptor) {
  const auto put_all = [&out](std::uint32_t tag, const auto& list) {
    for (const auto& item : list) put_message(out, tag, [&](pbf_writer& m) { fill(m, item); });
  };
  put(out, field::network::major_version, descriptor.major);
  put(out, field::network::minor_version, descriptor.minor);
  put(out, field::network::name, descriptor.network_name);
  put_all(field::network::inputs, descriptor.inputs);
  put_all(field::network::outputs, descriptor.outputs);
  put_all(field::network::dma_buffers, descriptor.dma_buffers);
  put(out, field::network::num_cores, descriptor.num_cores);
  put(out, field::network::num_threads, descriptor.num_threads);
  put(out, field::network::num_hvx_threads, descriptor.num_hvx_threads);
  if (!descriptor.thread_groups.empty()) {
    out.add_packed_uint32(field::network::thread_groups, descriptor.thread_groups.begin(),
                          descriptor.thread_groups.end());
  }
  put(out, field::network::thread_group_issue_count, descriptor.thread_group_issue_count);
  if (descriptor.stats) {
    put_message(out, field::network::stats, [&](pbf_writer& m) { fill(m, *descriptor.stats); });
  }
  for (const auto& group : descriptor.thread_group_names) {
    out.add_string(field::network::thread_group_names, group);
  }
  put(out, field::network::batch_size, descriptor.batch_size);
  if (descriptor.crc_info) {
    put_message(out, field::network::crc_info, [&](pbf_writer& m) { fill(m, *descriptor.crc_info); });
  }
  if (!descriptor.cluster_offsets.empty()) {
    out.add_packed_uint32(field::network::cluster_offsets, descriptor.cluster_offsets.begin(),
                          descriptor.cluster_offsets.end());
  }
  for (const auto& tuple : descriptor.allowed_shapes) {
    put_message(out, field::network::allowed_shapes, [&](pbf_writer& shapes) {
      for (const auto& shape : tuple) {
        put_message(shapes, field::shapes::tensor, [&](pbf_writer& m) { fill(m, shape); });
      }
    });
  }
}

}  // namespace

base::ByteVector write_descriptor(const Descriptor& descriptor) {
  std::string text;
  pbf_writer out(text);
  fill(out, descriptor);
  const base::Bytes bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace qaic::program
