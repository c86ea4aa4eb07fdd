// What a network descriptor says about statistics and checksums: kept, shown
// and written again, used for nothing here. Source: runtime-protocols §1.3.
// Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qaic::program {

// OpNameKind. What the texts hold is not documented, nor the type of
// `attributes`: read as text, or not at all.
struct OpName {
  std::string name;
  std::string kind;
  std::string type;
  std::string memory;
  std::string shape;
  std::string operand;
  std::uint64_t output_size = 0;
  std::string attributes;
  std::vector<std::string> operands;
};

struct Stats {
  std::uint32_t buffer = 0;  // buff_num
  bool print_stats = false;
  std::int32_t stats_level = 0;
  bool no_host_sync = false;
  bool print_op_stats = false;
  std::int32_t op_stats_level = 0;
  std::int32_t batch_size = 0;
  bool count_ddr_bandwidth = false;
  std::int32_t utimer_freq_ms = 0;
  std::vector<std::int32_t> pmu_events;
  std::vector<std::int32_t> ops_per_core;
  std::vector<std::vector<std::vector<OpName>>> ops;  // [core][thread group][operation]
  std::int32_t pmu_stats_level = 0;
};

struct CrcEntry {
  std::uint32_t dma_buffer = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t index = 0;  // crc_entry_idx
  std::uint32_t begin_block_size = 0;
  std::uint32_t end_block_size = 0;
  std::uint32_t stride_interval = 0;
  std::uint32_t stride_size = 0;
  std::uint32_t algorithm = 0;  // 0: basic
};

struct CrcInfo {
  std::uint32_t buffer = 0;  // buff_num
  std::vector<CrcEntry> entries;
};

}  // namespace qaic::program
