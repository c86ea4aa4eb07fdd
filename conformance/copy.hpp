// Data to the card and back, as most data path cases do it.
#pragma once

#include <cstdint>
#include <span>

#include "conformance/channel.hpp"

namespace qaic::conformance {

// A BO of `size` bytes attached with one slice for its whole size.
[[nodiscard]] std::optional<Bo> attached(Run& run, const Session& session, uapi::Direction direction,
                                         std::uint64_t size, std::uint64_t device_address);
[[nodiscard]] std::optional<Bo> attached(Run& run, const Session& session, uapi::Direction direction,
                                         std::uint64_t size, std::span<const uapi::AttachSliceEntry> slices);

// EXECUTE of one BO and WAIT for it; the first failure.
[[nodiscard]] int execute_and_wait(const Session& session, const Bo& bo, std::uint32_t timeout_ms = 5000);

// Reads `out.size()` bytes of the card's memory; records a failure as such.
[[nodiscard]] bool read_card(Run& run, const Session& session, std::uint64_t device_address,
                             base::MutableBytes out);
[[nodiscard]] bool write_card(Run& run, const Session& session, std::uint64_t device_address, base::Bytes in);

[[nodiscard]] bool same(base::Bytes a, base::Bytes b);

// A BO whose one element can never start: it waits for a semaphore that no one
// raises. Queued already.
[[nodiscard]] std::optional<Bo> stuck(Run& run, const Session& session);

}  // namespace qaic::conformance
