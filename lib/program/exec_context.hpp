// The nested flatbuffer execContext of the metadata: which variables of the
// execution context a program was compiled to use, and where each lies.
// Source: runtime-protocols §1.4, §6.3. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace qaic::program {

// Numbers are positions in the execution context's struct.
inline constexpr std::uint32_t kSemaphoreListVariable = 21;
// "semaphore_list", …; "" for a number that has no name.
[[nodiscard]] std::string_view context_variable_name(std::uint32_t variable);

struct ContextVariable {
  std::uint32_t variable = 0;  // such as kSemaphoreListVariable
  std::uint32_t size = 0;      // bytes
  std::uint64_t offset = 0;    // in the context that the program sees
  bool optional = false;
};

// Nothing if `bytes` is no such flatbuffer. Without a list the result is empty,
// as for a list of nothing: neither says what the code uses (all code uses
// exitThread).
[[nodiscard]] std::optional<std::vector<ContextVariable>> read_exec_context(base::Bytes bytes);

}  // namespace qaic::program
