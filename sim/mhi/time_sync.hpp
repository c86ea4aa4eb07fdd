// Time messages as bytes. Source: kernel-interface §6.3.
#pragma once

#include <chrono>
#include <optional>

#include "base/bytes.hpp"

namespace qaic::sim::mhi {

// What the card sends at boot: its question, and that it heard the answer.
[[nodiscard]] base::ByteVector time_request();
[[nodiscard]] base::ByteVector time_heard();
// The time in a message of the host; nothing if it is none.
[[nodiscard]] std::optional<std::chrono::microseconds> time_in(base::Bytes message);

}  // namespace qaic::sim::mhi
