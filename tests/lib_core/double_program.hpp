// The worked example "double" with code that runs, as a program file.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::tests {

struct DoubleProgram {
  std::uint16_t nsps = 1;
  std::size_t semaphores = 2;
  std::size_t doorbells = 1;        // rung after the input has arrived
  std::uint64_t shared_ddr = 4096;  // bytes
  bool trailing = false;            // a request behind the output, until the next input could come
  // x: float32 4x8, quantised (0.5, offset 1), transposed. y: dequantised (0.25,
  // offset -4). The card sees 32-bit integers all the same.
  bool transforms = false;
  base::ByteVector static_constants;
  base::ByteVector dynamic_constants;
  std::uint32_t metadata_crc = 0;  // with another CRC besides, that number + 1; 0: neither
};

// The file's bytes.
[[nodiscard]] base::ByteVector build(const DoubleProgram& program);

}  // namespace qaic::tests
