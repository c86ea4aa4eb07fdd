// A program file, read as a whole: its parts, checked against each other.
// Source: runtime-protocols §1. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/program/container.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"
#include "lib/program/plan.hpp"
#include "lib/program/tensor.hpp"

namespace qaic::program {

// How constants.bin divides. Both sizes 0: there is nothing to load.
struct ConstantsDescriptor {
  std::uint64_t static_size = 0;   // bytes, from the beginning
  std::uint64_t dynamic_size = 0;  // bytes, behind the static part
  bool static_ecc = false;
  bool dynamic_ecc = false;
};

// Exactly 24 bytes. Errors: qpc-constants.
[[nodiscard]] base::Result<ConstantsDescriptor> parse_constants_descriptor(base::Bytes bytes);

struct Program {
  // Spans of the container, and with them everything named *_bytes here, point
  // into the parsed file and live as long as it.
  Container container;
  Descriptor descriptor;
  Metadata metadata;
  std::vector<Tensor> tensors;  // inputs, then outputs
  ConstantsDescriptor constants;
  ElfFile elf;

  base::Bytes elf_bytes;                   // network.elf, what LOAD_ELF carries
  base::Bytes constants_descriptor_bytes;  // as LOAD_CONSTANTS_EX carries it; empty without constants
  base::Bytes static_constants_bytes;
  base::Bytes dynamic_constants_bytes;

  // What the segments metadata.crc and metadata_fb.crc say, if they are there.
  std::optional<std::uint32_t> metadata_crc;
  std::optional<std::uint32_t> metadata_flatbuffer_crc;

  [[nodiscard]] bool has_constants() const { return constants.static_size + constants.dynamic_size != 0; }
  // Names are unique among the inputs, and among the outputs.
  [[nodiscard]] const Tensor* find_tensor(std::string_view name, wire::qpc::Transfer direction) const;
};

// Reads everything but the bytes of constants.bin, which stay untouched (the
// file may be a mapping of any size). The parts are values now, but may
// contradict each other: run check_program() before using them for more than
// showing. Errors: those of parse_container, check_loadable, decode_descriptor,
// parse_elf, decode_metadata, parse_constants_descriptor.
[[nodiscard]] base::Result<Program> read_program(base::Bytes file);

// read_program(), and refused if the checker finds an error; what is loaded
// comes from here. Errors besides: the error_id of the rule that is broken
// first (qpc-descriptor, qpc-metadata, qpc-elf, qpc-mismatch, qpc-constants,
// qpc-presync, qpc-queue, qpc-empty).
[[nodiscard]] base::Result<Program> parse_program(base::Bytes file);

}  // namespace qaic::program
