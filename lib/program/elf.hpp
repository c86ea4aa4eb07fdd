// network.elf: an ELF32 file for the Hexagon cores, looked at in memory.
// Sources: runtime-protocols §1.2, §1.4, §6.4; the ELF specification.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::program {

struct LoadSegment {
  std::uint32_t file_offset = 0;
  std::uint32_t address = 0;  // virtual, what the core sees
  std::uint32_t file_size = 0;
  std::uint32_t memory_size = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
};

struct ElfSection {
  std::string name;
  base::Bytes bytes;  // into the parsed memory; empty for .bss and the like
};

struct ElfFile {
  std::uint32_t flags = 0;  // 0x68: v68
  std::uint32_t entry = 0;
  std::vector<LoadSegment> segments;
  std::vector<ElfSection> sections;

  [[nodiscard]] const ElfSection* find_section(std::string_view name) const;
  // Whether an instruction at `address` would be inside a loaded, executable
  // segment's file bytes.
  [[nodiscard]] bool is_code(std::uint64_t address) const;
};

// Checks class, byte order, machine, and that every part lies inside. Nothing
// is copied; the result points into `bytes`. Errors: qpc-elf.
[[nodiscard]] base::Result<ElfFile> parse_elf(base::Bytes bytes);

// Address of a global or local symbol that is defined in the file. Errors:
// qpc-elf (no symbol table, or not in it).
[[nodiscard]] base::Result<std::uint64_t> symbol_address(base::Bytes elf, std::string_view name);

// A copy of `elf` with a section `name` that is not loaded, holding `content`
// (objcopy --add-section would do the same). A section that already has the
// name gets the new content; nothing changes if it has that already. Errors:
// qpc-elf.
[[nodiscard]] base::Result<base::ByteVector> with_section(base::Bytes elf, std::string_view name,
                                                          base::Bytes content);

}  // namespace qaic::program
