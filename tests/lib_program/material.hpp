// Programs to be broken: the parts of a program file before they are put
// together, so that a test can change any of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/metadata.hpp"

namespace qaic::samples {

struct Material {
  std::string name;
  program::Metadata m;
  program::Descriptor d;
  base::ByteVector elf;  // the metadata goes in as a section
  base::ByteVector constants;
  bool has_constants = false;
  std::uint64_t constants_offset = 0;  // the segment's own field
  std::uint64_t described_static = 0;  // of constantsdesc.bin
  std::uint64_t described_dynamic = 0;
  std::vector<std::pair<std::string, base::ByteVector>> more_segments;
  bool overlapping = false;  // the last segment begins in the first one
};

// The worked example; one with three NSPs and all that a program can have; and
// the networks of the build, where there are any.
std::vector<Material> materials();

base::ByteVector file_of(const Material& material);

// A nested execContext that asks for these variables.
base::ByteVector exec_context(const std::vector<std::uint32_t>& variables);

}  // namespace qaic::samples
