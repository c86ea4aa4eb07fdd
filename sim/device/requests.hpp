// Reading NNC commands and making their short answers.
#pragma once

#include <cstddef>
#include <optional>

#include "sim/device/commands.hpp"
#include "sim/device/responses.hpp"

namespace qaic::sim::device {

// The open runtime counts a command's first 8 bytes twice, so real requests
// carry 8 more bytes than the command (runtime-protocols §2.2); the exact
// length is right as well. `following`: bytes that belong to the command.
template <class T>
std::optional<T> read_command(Bytes command, std::size_t following = 0) {
  constexpr std::size_t kRuntimeTail = 8;
  const std::size_t size = sizeof(T) + following;
  if (command.size() != size && command.size() != size + kRuntimeTail) return std::nullopt;
  return base::read_struct<T>(command);
}

template <class T>
base::ByteVector response_bytes(const T& response) {
  base::ByteVector out;
  base::append_struct(out, response);
  return out;
}

// An answer that says only this.
inline Commands::Outcome only(wire::nnc::Command command, wire::nnc::Status status) {
  return {status_response(static_cast<std::uint32_t>(command), status), {}, std::nullopt};
}

}  // namespace qaic::sim::device
