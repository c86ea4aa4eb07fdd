// The checker's parts, one function per subject. Internal to lib/program: the
// readers use them for what they refuse, check_program() for all of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/checked.hpp"
#include "lib/program/finding.hpp"
#include "lib/program/program.hpp"

namespace qaic::program {

inline std::string number(std::uint64_t value) {
  return std::to_string(value);
}

// Whether [offset, offset + size) ends by `limit`.
[[nodiscard]] inline bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  const auto end = base::checked_add(offset, size);
  return end && *end <= limit;
}

// "metadata.dmaRequests[3]"; "tensor 'x'".
[[nodiscard]] std::string request_place(std::size_t index);
[[nodiscard]] std::string binding_place(const Descriptor& descriptor, std::size_t index);

void check_container(const Container& container, Findings& out);
// The descriptor by itself: all that makes its tensors usable values.
void check_descriptor(const Descriptor& descriptor, Findings& out);
// The metadata by itself: numbers of the card, masks, semaphores, memories.
void check_metadata(const Metadata& metadata, Findings& out);
void check_elf(const ElfFile& elf, const Metadata& metadata, Findings& out);
// What several parts say about the same thing.
void check_agreement(const Program& program, Findings& out);
// Whether the requests move what tensors need moved.
void check_tensors(const Program& program, Findings& out);
void check_partial_inputs(const Program& program, Findings& out);
void check_multicast(const Metadata& metadata, Findings& out);
// What plan_submission() needs: requests that can become buffer objects.
void check_submission(const Metadata& metadata, const Descriptor& descriptor, Findings& out);
void check_requests(const Metadata& metadata, const Descriptor& descriptor, Findings& out);
void check_doorbells(const Metadata& metadata, Findings& out);
void check_constants(const Program& program, Findings& out);
void check_order(const Metadata& metadata, Findings& out);

}  // namespace qaic::program
