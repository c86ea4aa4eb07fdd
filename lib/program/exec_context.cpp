#include "lib/program/exec_context.hpp"

#include <flatbuffers/flatbuffers.h>

#include <array>

namespace qaic::program {
namespace {

constexpr flatbuffers::voffset_t slot(int field) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * field);
}

// Two tables by hand: the schema has no other user.
struct VariableTable : private flatbuffers::Table {
  bool Verify(flatbuffers::Verifier& v) const {
    return VerifyTableStart(v) && VerifyField<std::uint32_t>(v, slot(0), 4) &&
           VerifyField<std::uint32_t>(v, slot(1), 4) && VerifyField<std::uint64_t>(v, slot(2), 8) &&
           VerifyField<std::uint32_t>(v, slot(3), 4) && v.EndTable();
  }
  [[nodiscard]] ContextVariable value() const {
    return {GetField<std::uint32_t>(slot(0), 0), GetField<std::uint32_t>(slot(1), 0),
            GetField<std::uint64_t>(slot(2), 0), GetField<std::uint32_t>(slot(3), 0) != 0};
  }
};

struct ContextTable : private flatbuffers::Table {
  using Variables = flatbuffers::Vector<flatbuffers::Offset<VariableTable>>;
  [[nodiscard]] const Variables* variables() const { return GetPointer<const Variables*>(slot(1)); }
  bool Verify(flatbuffers::Verifier& v) const {
    return VerifyTableStart(v) && VerifyField<std::uint32_t>(v, slot(0), 4) && VerifyOffset(v, slot(1)) &&
           v.VerifyVector(variables()) && v.VerifyVectorOfTables(variables()) && v.EndTable();
  }
};

// In the order of the context's struct.
constexpr std::array<std::string_view, 33> kVariables = {
    "major",
    "minor",
    "virtual_nsp_id",
    "base_l2tcm",
    "base_vtcm",
    "base_constant_data_memory",
    "base_shared_ddr",
    "base_l2_cached_ddr",
    "multicast_addresses",
    "start_time_stamp",
    "log",
    "exit_thread",
    "set_pmu_register",
    "error_function",
    "notify_hang",
    "udma_read",
    "mmap",
    "munmap",
    "qdss_stm_port",
    "read_pmu_count",
    "ddr_bandwidth_monitor_register",
    "semaphore_list",
    "network_heap_address",
    "network_heap_size",
    "reprogram_mcid",
    "dl_open",
    "dl_open_buffer",
    "dl_close",
    "dl_symbol",
    "dl_address",
    "dl_error",
    "dl_info",
    "base_utc_offset_ddr",
};
static_assert(kVariables[kSemaphoreListVariable] == "semaphore_list");

}  // namespace

std::string_view context_variable_name(std::uint32_t variable) {
  return variable < kVariables.size() ? kVariables[variable] : std::string_view{};
}

std::optional<std::vector<ContextVariable>> read_exec_context(base::Bytes bytes) {
  const base::ByteVector copy(bytes.begin(), bytes.end());  // aligned
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size());
  if (!verifier.VerifyBuffer<ContextTable>(nullptr)) return std::nullopt;
  const auto* variables = flatbuffers::GetRoot<ContextTable>(copy.data())->variables();
  std::vector<ContextVariable> out;
  if (variables == nullptr) return out;
  for (const auto* variable : *variables) out.push_back(variable->value());
  return out;
}

}  // namespace qaic::program
