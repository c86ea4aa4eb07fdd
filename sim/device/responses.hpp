// What an answer to each NNC command looks like when all it says is a status.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

// Zero but for response number and status, with the size and the place of the
// status that runtime-protocols §2.2 gives for this command; unknown numbers
// are answered with number + 1 in the shortest form.
base::ByteVector status_response(std::uint32_t command, wire::nnc::Status status);

// How long an answer to this command can be.
std::size_t response_size(std::uint32_t command);

}  // namespace qaic::sim::device
