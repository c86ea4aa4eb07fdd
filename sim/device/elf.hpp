// network.elf as a file: what is loaded, and the metadata section. The card's
// own reader. Source: the ELF32 format; runtime-protocols §1.4.
#pragma once

#include <vector>

#include "sim/device/ports.hpp"

namespace qaic::sim::device {

struct Elf {
  std::vector<CoreSegment> segments;  // PT_LOAD, ascending, not overlapping
  Bytes metadata;                     // a view into the file; the flatbuffer alone
};

// Refuses what is not a little-endian ELF32 executable for Hexagon v68, or
// whose tables, segments or metadata section do not lie inside the file.
Result<Elf> read_elf(Bytes file);

}  // namespace qaic::sim::device
