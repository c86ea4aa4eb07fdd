// Any bytes as a whole program: whatever can be read can be checked and shown,
// whatever the checker finds no error in can be planned and resolved, and every
// slice lies inside its buffer object and inside the memory of the card.
#include <cstdint>
#include <cstdlib>

#include "lib/program/checker.hpp"
#include "lib/program/inspect.hpp"
#include "lib/program/program.hpp"

namespace {

using namespace qaic;

void check_slice(const program::Program& program, const program::PlannedBo& bo,
                 const program::PlannedSlice& slice) {
  const auto& m = program.metadata;
  const auto entry = program::resolve(slice, {1ULL << 40, 2ULL << 40, 3ULL << 40});
  if (entry.offset > bo.size || entry.size > bo.size - entry.offset) std::abort();
  unsigned presyncs = 0;
  for (const auto& sem : entry.sem) {
    presyncs += sem.presync;
    if (sem.val > 4095 || sem.index > 31) std::abort();
  }
  if (presyncs > 1) std::abort();
  if (entry.db_len != 0 && entry.db_addr % (entry.db_len / 8) != 0) std::abort();
  if (slice.doorbell &&
      slice.doorbell->offset + slice.doorbell->bits / 8 > m.host_multicast.at(slice.doorbell->mcid).size) {
    std::abort();
  }
  if (slice.size == 0) return;
  std::uint64_t room = 0;
  switch (slice.space) {
    case wire::qpc::AddressSpace::multicast:
      room = m.host_multicast.at(slice.mcid).size;
      if (room > wire::qpc::kMulticastWindow) std::abort();
      break;
    case wire::qpc::AddressSpace::ddr:
      room = m.static_shared_ddr_size;
      break;
    case wire::qpc::AddressSpace::ddr_dynamic_shared:
      room = m.dynamic_shared_ddr_size;
      break;
  }
  if (slice.dev_offset > room || slice.size > room - slice.dev_offset) std::abort();
}

void check_submission(const program::Program& program) {
  const auto plan = program::plan_submission(program.metadata, program.descriptor);
  if (!plan) std::abort();
  for (const auto& bo : plan->bos) {
    if (bo.size == 0 || bo.slices.empty()) std::abort();
    for (const auto& slice : bo.slices) check_slice(program, bo, slice);
  }
  for (const auto& tensor : program.tensors) {
    for (const auto& piece : program::tensor_pieces(*plan, tensor)) {
      if (piece.bo_offset + piece.size > plan->bos.at(piece.bo).size) std::abort();
      if (piece.tensor_offset + piece.size > tensor.moved_size) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes file(reinterpret_cast<const std::byte*>(data), size);
  const auto read = program::read_program(file);
  if (!read) {
    if (program::parse_program(file)) std::abort();
    return 0;
  }
  if (program::inspect_json(*read).empty()) std::abort();
  program::Findings findings = program::check_program(*read);
  const bool refused = findings.count(program::Severity::error) != 0;
  if (program::parse_program(file).has_value() == refused) std::abort();
  program::check_fit(*read, {}, findings);
  for (const auto& finding : findings.list()) {
    if (finding.rule == "unknown-rule" || finding.place.empty() || finding.reason.empty()) std::abort();
  }
  if (!refused) check_submission(*read);
  return 0;
}
