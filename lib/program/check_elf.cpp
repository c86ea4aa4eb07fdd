// network.elf against what the cores and the metadata expect of it.
#include "lib/program/checks.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

std::string hex(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

}  // namespace

void check_elf(const ElfFile& elf, const Metadata& metadata, Findings& out) {
  if (elf.flags != qpc::kElfFlagsV68) {
    out.add("elf-flags", "elf.e_flags", "the flags are " + hex(elf.flags) + ", of Hexagon v68 0x68");
  }
  for (std::size_t i = 0; i < elf.segments.size(); ++i) {
    const LoadSegment& segment = elf.segments[i];
    if (segment.memory_size == 0 || segment.address >= qpc::kLowestAddress) continue;
    out.add("elf-address", indexed("elf.segments", i),
            "loadable segment " + number(i) + " lies at " + hex(segment.address) + ", addresses below " +
                hex(qpc::kLowestAddress) + " are not valid on the cores");
  }
  if (!elf.segments.empty() && !(elf.segments[0].readable && elf.segments[0].executable)) {
    out.add("elf-first-segment", "elf.segments[0]",
            "the first loadable segment is not readable and executable");
  }
  if (elf.find_section(qpc::kMetadataSection) != nullptr &&
      elf.find_section(qpc::kBareMetadataSection) != nullptr) {
    out.add("elf-two-metadata", "elf.metadata_fb",
            "there are two sections of metadata; metadata_fb is the one that counts");
  }
  for (std::size_t i = 0; i < metadata.threads.size(); ++i) {
    const std::uint64_t entry = metadata.threads[i].entry_point;
    const std::string place = indexed("metadata.threadDescriptors", i);
    if (!elf.is_code(entry)) {
      out.add("elf-entry", place,
              "threadDescriptors->entryPoint of thread " + number(i) + " is in no code of the file");
    } else if (entry % 4 != 0) {
      out.add("elf-entry-alignment", place,
              "the entry point of thread " + number(i) + ", " + hex(entry) + ", is no multiple of 4");
    }
  }
}

}  // namespace qaic::program
