// What the readers of the descriptor's protobuf messages share. What they throw
// is turned into a value by decode_descriptor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/program/stats.hpp"

namespace qaic::program::message {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

inline constexpr std::size_t kMaxNumbers = 4096;
inline constexpr std::size_t kMaxNameBytes = 4096;

// Thrown beside protozero's own exceptions.
struct Malformed {
  std::string why;
};

[[noreturn]] inline void refuse(std::string why) {
  throw Malformed{std::move(why)};
}

inline void expect(const pbf_reader& in, pbf_wire_type type, const char* what) {
  if (in.wire_type() != type) refuse(std::string(what) + " has the wrong wire type");
}

inline std::uint32_t read_u32(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::varint, what);
  const std::uint64_t value = in.get_uint64();
  if (value > UINT32_MAX) refuse(std::string(what) + " is out of range");
  return static_cast<std::uint32_t>(value);
}

// Negative 32-bit numbers travel as ten-byte 64-bit ones.
inline std::int32_t read_i32(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::varint, what);
  const std::int64_t value = in.get_int64();
  if (!std::in_range<std::int32_t>(value)) refuse(std::string(what) + " is out of range");
  return static_cast<std::int32_t>(value);
}

inline bool read_bool(pbf_reader& in, const char* what) {
  return read_u32(in, what) != 0;
}

inline std::string read_text(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::length_delimited, what);
  const auto view = in.get_view();
  if (view.size() > kMaxNameBytes) refuse(std::string(what) + " is longer than 4096 bytes");
  return {view.data(), view.size()};
}

inline pbf_reader read_message(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::length_delimited, what);
  return in.get_message();
}

// Packed, as proto3 writes it, or one by one, as readers must accept.
inline void read_signed(pbf_reader& in, std::vector<std::int32_t>& out, std::size_t most, const char* what) {
  const auto add = [&](std::int64_t value) {
    if (!std::in_range<std::int32_t>(value)) refuse(std::string(what) + " is out of range");
    if (out.size() == most) refuse(std::string(what) + " has more than " + std::to_string(most) + " entries");
    out.push_back(static_cast<std::int32_t>(value));
  };
  if (in.wire_type() == pbf_wire_type::varint) return add(in.get_int64());
  expect(in, pbf_wire_type::length_delimited, what);
  for (const std::int64_t value : in.get_packed_int64()) add(value);
}

inline void read_numbers(pbf_reader& in, std::vector<std::uint32_t>& out, const char* what) {
  const auto add = [&](std::uint64_t value) {
    if (value > UINT32_MAX) refuse(std::string(what) + " is out of range");
    if (out.size() == kMaxNumbers) refuse(std::string(what) + " has more than 4096 entries");
    out.push_back(static_cast<std::uint32_t>(value));
  };
  if (in.wire_type() == pbf_wire_type::varint) return add(in.get_uint64());
  expect(in, pbf_wire_type::length_delimited, what);
  for (const std::uint64_t value : in.get_packed_uint64()) add(value);
}

// Names of the fields that were skipped because the schema does not have them,
// each once: "19", "inputs.7".
struct Unread {
  static constexpr std::size_t kMost = 64;
  std::vector<std::string> names;

  void add(std::string name) {
    if (names.size() < kMost && std::ranges::find(names, name) == names.end())
      names.push_back(std::move(name));
  }
  void skip(pbf_reader& in, std::string_view message) {
    const std::string field = std::to_string(in.tag());
    add(message.empty() ? field : std::string(message) + "." + field);
    in.skip();
  }
};

// Both take a field of another wire type than the schema's for one they do not
// know: nothing here depends on what they read.
[[nodiscard]] Stats read_stats(pbf_reader in, Unread& unread);
[[nodiscard]] CrcInfo read_crc_info(pbf_reader in, Unread& unread);

}  // namespace qaic::program::message
