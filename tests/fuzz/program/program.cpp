// Any bytes as a whole program: what passes all checks can be shown, planned
// and resolved, and every slice lies inside its buffer object.
#include <cstdint>
#include <cstdlib>

#include "lib/program/inspect.hpp"
#include "lib/program/program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qaic;
  const auto read = program::parse_program({reinterpret_cast<const std::byte*>(data), size});
  if (!read) return 0;
  if (program::inspect_json(*read).empty()) std::abort();
  const auto plan = program::plan_submission(read->metadata, read->descriptor);
  if (!plan) return 0;
  for (const auto& bo : plan->bos) {
    if (bo.size == 0 || bo.slices.empty()) std::abort();
    for (const auto& slice : bo.slices) {
      const auto entry = program::resolve(slice, {1U << 20, 2U << 20, 3U << 20});
      if (entry.offset + entry.size > bo.size) std::abort();
      unsigned presyncs = 0;
      for (const auto& sem : entry.sem) presyncs += sem.presync;
      if (presyncs > 1) std::abort();
    }
  }
  for (const auto& tensor : read->tensors) {
    for (const auto& piece : program::tensor_pieces(*plan, tensor)) {
      if (piece.bo_offset + piece.size > plan->bos.at(piece.bo).size) std::abort();
      if (piece.tensor_offset + piece.size > tensor.byte_size) std::abort();
    }
  }
  return 0;
}
