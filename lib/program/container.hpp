// The program container (QPC): a header, a table, names and segment bytes.
// Source: runtime-protocols §1.1-1.2. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::program {

// One named part. `bytes` points into what was parsed (or is to be written)
// and is valid as long as that memory is.
struct Segment {
  std::string name;
  base::Bytes bytes;
  std::uint64_t offset = 0;  // constants.bin: how many of its bytes are static
};

struct Container {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint64_t base = 0;         // what the writer subtracted from; 0 or a heap address
  std::vector<Segment> segments;  // in table order

  [[nodiscard]] const Segment* find(std::string_view name) const;
};

// What a container holds, as far as that decides whether it can be run here.
enum class ContainerKind {
  single_device,
  multi_device,  // has the segment mdp_meta_info: one inner program per SoC
  encrypted,     // network.elf is there but does not begin as an ELF file
};

// Checks everything that can be checked without reading segment bytes: sizes,
// table, names, bounds, duplicates. Any base and any alignment are accepted.
// Touches the header, the table and the names only, so a mapped file stays on
// disk. Errors: qpc-container.
[[nodiscard]] base::Result<Container> parse_container(base::Bytes file);

[[nodiscard]] ContainerKind container_kind(const Container& container);

// Whether it is a single-device program with all segments that one needs.
// Errors: qpc-multi-device, qpc-encrypted, qpc-segment-missing.
[[nodiscard]] base::Result<void> check_loadable(const Container& container);

// Where everything of a container to be written goes: `head` is header, table
// and names, padded; segment i then starts at starts[i] (a multiple of 8) in a
// file of `size` bytes, gaps are zero.
struct ContainerLayout {
  base::ByteVector head;
  std::vector<std::uint64_t> starts;
  std::uint64_t size = 0;
};

// Lays out `segments`, sorted by name by this call; base 0, 8-byte padding.
// Reads sizes, not bytes. Errors: qpc-container (duplicate or empty name).
[[nodiscard]] base::Result<ContainerLayout> lay_out_container(std::vector<Segment>& segments);

// The whole file in memory.
[[nodiscard]] base::Result<base::ByteVector> write_container(std::vector<Segment> segments);

}  // namespace qaic::program
