#include "lib/program/message_reader.hpp"
#include "wire/qpc.hpp"

namespace qaic::program::message {
namespace {

namespace field = wire::qpc::field;

// More than that many operations are left out, and said to be.
constexpr std::size_t kMaxOps = 1U << 18;
constexpr std::size_t kMaxGroups = 1U << 16;
constexpr std::size_t kMaxEntries = 1U << 16;

constexpr std::uint32_t number(std::uint32_t tag) {
  return protozero::tag_and_type(tag, pbf_wire_type::varint);
}
constexpr std::uint32_t text(std::uint32_t tag) {
  return protozero::tag_and_type(tag, pbf_wire_type::length_delimited);
}

OpName read_op(pbf_reader in, Unread& unread) {
  OpName out;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case text(field::op::name):
        out.name = read_text(in, "an operation's name");
        break;
      case text(field::op::kind):
        out.kind = read_text(in, "an operation's kind");
        break;
      case text(field::op::type):
        out.type = read_text(in, "an operation's type");
        break;
      case text(field::op::memory):
        out.memory = read_text(in, "an operation's memory");
        break;
      case text(field::op::shape):
        out.shape = read_text(in, "an operation's shape");
        break;
      case text(field::op::operand):
        out.operand = read_text(in, "an operation's operand");
        break;
      case number(field::op::output_size):
        out.output_size = in.get_uint64();
        break;
      case text(field::op::attributes):
        out.attributes = read_text(in, "an operation's attributes");
        break;
      case text(field::op::operands):
        if (out.operands.size() == kMaxNumbers) refuse("an operation has more than 4096 operands");
        out.operands.push_back(read_text(in, "an operation's operand"));
        break;
      default:
        unread.skip(in, "stats.op");
    }
  }
  return out;
}

// What is counted against the limits, over all cores.
struct Count {
  std::size_t groups = 0;
  std::size_t ops = 0;
};

std::vector<OpName> read_group(pbf_reader in, Count& count, Unread& unread) {
  std::vector<OpName> out;
  while (in.next()) {
    if (in.tag_and_type() != text(field::stats::ops)) {
      unread.skip(in, "stats.group");
    } else if (++count.ops > kMaxOps) {
      unread.add("stats: operations beyond 262144");
      in.skip();
    } else {
      out.push_back(read_op(in.get_message(), unread));
    }
  }
  return out;
}

std::vector<std::vector<OpName>> read_core(pbf_reader in, Count& count, Unread& unread) {
  std::vector<std::vector<OpName>> out;
  while (in.next()) {
    if (in.tag_and_type() != text(field::stats::groups)) {
      unread.skip(in, "stats.core");
      continue;
    }
    if (++count.groups > kMaxGroups) refuse("stats have more than 65536 thread groups");
    out.push_back(read_group(in.get_message(), count, unread));
  }
  return out;
}

CrcEntry read_entry(pbf_reader in, Unread& unread) {
  CrcEntry out;
  std::uint32_t* const values[] = {&out.dma_buffer,      &out.offset,           &out.size,
                                   &out.index,           &out.begin_block_size, &out.end_block_size,
                                   &out.stride_interval, &out.stride_size,      &out.algorithm};
  static_assert(std::size(values) == field::crc::algorithm);
  while (in.next()) {
    const bool known = in.tag() >= field::crc::dma_buffer && in.tag() <= field::crc::algorithm;
    if (!known || in.wire_type() != pbf_wire_type::varint) {
      unread.skip(in, "crc_info.entry");
    } else {
      *values[in.tag() - 1] = read_u32(in, "a number of a checksum");
    }
  }
  return out;
}

}  // namespace

Stats read_stats(pbf_reader in, Unread& unread) {
  namespace stats = field::stats;
  Stats out;
  Count count;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case number(stats::buffer):
        out.buffer = read_u32(in, "stats' buff_num");
        break;
      case number(stats::print_stats):
        out.print_stats = in.get_bool();
        break;
      case number(stats::stats_level):
        out.stats_level = read_i32(in, "stats_level");
        break;
      case number(stats::no_host_sync):
        out.no_host_sync = in.get_bool();
        break;
      case number(stats::print_op_stats):
        out.print_op_stats = in.get_bool();
        break;
      case number(stats::op_stats_level):
        out.op_stats_level = read_i32(in, "op_stats_level");
        break;
      case number(stats::batch_size):
        out.batch_size = read_i32(in, "stats' batch_size");
        break;
      case number(stats::count_ddr_bw):
        out.count_ddr_bandwidth = in.get_bool();
        break;
      case number(stats::utimer_freq_ms):
        out.utimer_freq_ms = read_i32(in, "utimer_freq_ms");
        break;
      case number(stats::pmu_events):
      case text(stats::pmu_events):
        read_signed(in, out.pmu_events, kMaxNumbers, "pmu_events");
        break;
      case number(stats::ops_per_core):
      case text(stats::ops_per_core):
        read_signed(in, out.ops_per_core, kMaxNumbers, "ops_per_core");
        break;
      case text(stats::core_op_names):
        if (out.ops.size() == kMaxNumbers) refuse("stats name more than 4096 cores");
        out.ops.push_back(read_core(in.get_message(), count, unread));
        break;
      case number(stats::pmu_stats_level):
        out.pmu_stats_level = read_i32(in, "pmu_stats_level");
        break;
      default:
        unread.skip(in, "stats");
    }
  }
  return out;
}

CrcInfo read_crc_info(pbf_reader in, Unread& unread) {
  CrcInfo out;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case number(field::crc::buffer):
        out.buffer = read_u32(in, "crc_info's buff_num");
        break;
      case text(field::crc::entries):
        if (out.entries.size() == kMaxEntries) refuse("crc_info has more than 65536 entries");
        out.entries.push_back(read_entry(in.get_message(), unread));
        break;
      default:
        unread.skip(in, "crc_info");
    }
  }
  return out;
}

}  // namespace qaic::program::message
