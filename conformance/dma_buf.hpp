// Buffers that leave a node, enter one, or come from elsewhere in the system.
#pragma once

#include <cstdint>
#include <optional>

#include "conformance/node.hpp"

namespace qaic::conformance {

// PRIME_HANDLE_TO_FD and PRIME_FD_TO_HANDLE.
[[nodiscard]] int export_bo(const Node& node, std::uint32_t handle, os::Fd& out);
[[nodiscard]] int import_bo(const Node& node, int dma_buf, std::uint32_t& handle);

// A dma-buf of `size` bytes, a multiple of 4096: of a memory file by /dev/udmabuf,
// of /dev/dma_heap/system. The case is skipped where the kernel has none.
[[nodiscard]] std::optional<os::Fd> udmabuf(Run& run, std::uint64_t size);
[[nodiscard]] std::optional<os::Fd> system_heap_buffer(Run& run, std::uint64_t size);

}  // namespace qaic::conformance
