#include "sim/nsp/code_check.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "sim/nsp/control.h"
#include "sim/nsp/unsupported_words.hpp"
#include "sim/nsp/words.h"

namespace qaic::sim::nsp {
namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

// Trampolines start 1 MiB below the image; a jump reaches 8 MiB.
constexpr std::uint32_t kTrampolineReach = (NSP_JUMP_REACH) - (1U << 20) - 16U;

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%08x", value);
  return text;
}

std::string place(std::uint32_t address, std::uint32_t word) {
  return hex(address) + " (" + hex(word) + ")";
}

// Word i of a segment's file bytes.
std::uint32_t word_at(base::Bytes bytes, std::size_t index) {
  return base::read_struct<base::le32>(bytes, index * 4)->get();
}

Result<void> check_kind(std::uint32_t word, std::uint32_t address) {
  const std::string_view kind = unsupported_kind(word);
  if (kind.empty()) return {};
  return fail(make_error(ErrorKind::unsupported, "code-unsupported",
                         "network code at " + place(address, word) + ": " + std::string(kind) +
                             ", which the simulated NSPs do not have",
                         "build the network for integer vectors, or run it on a real card"));
}

Result<void> check_place(std::uint32_t word, bool starts_packet, std::uint32_t address, std::uint32_t image) {
  if (!nsp_needs_trampoline(word)) return {};
  const std::string where = place(address, word);
  const std::string_view name = nsp_is_dma_command(word) ? "a user DMA instruction"
                                : nsp_is_pause(word)     ? "pause"
                                                         : "a read of utimer";
  if (nsp_is_dma_command(word) && !(starts_packet && (word >> 14 & 3) == 3)) {
    return fail(
        make_error(ErrorKind::unsupported, "code-unsupported",
                   "network code at " + where + ": " + std::string(name) +
                       " shares its packet with other instructions, which the simulated NSPs cannot run",
                   "put it in a packet of its own"));
  }
  if (address - image >= kTrampolineReach) {
    return fail(make_error(ErrorKind::unsupported, "code-unsupported",
                           "network code at " + where + ": " + std::string(name) +
                               " is more than 7 MiB behind the start of the image",
                           "the simulated NSPs cannot run it there; link code before data"));
  }
  return {};
}

Result<void> check_section(const device::CoreSegment& segment, const device::CoreCode& code,
                           std::uint32_t image) {
  const auto bytes = base::slice(segment.file_bytes, code.offset, code.size);
  const std::uint32_t begin = segment.address + code.offset;
  if (!bytes || begin % 4 != 0) {
    return fail(make_error(ErrorKind::unsupported, "code-address",
                           "executable section at " + hex(begin) + ": not whole words of its segment"));
  }
  bool starts_packet = true;
  for (std::size_t i = 0; i < bytes->size() / 4; ++i) {
    const std::uint32_t word = word_at(*bytes, i);
    const std::uint32_t address = begin + static_cast<std::uint32_t>(i * 4);
    QAIC_CHECK(check_kind(word, address));
    QAIC_CHECK(check_place(word, starts_packet, address, image));
    starts_packet = nsp_ends_packet(word);
  }
  return {};
}

}  // namespace

Result<void> check_code(const std::vector<device::CoreSegment>& segments) {
  std::uint32_t first = kImageEnd;
  for (const auto& segment : segments) {
    if (segment.address < kImageBegin || segment.address > kImageEnd ||
        segment.memory_size > kImageEnd - segment.address ||
        segment.file_bytes.size() > segment.memory_size) {
      return fail(make_error(ErrorKind::unsupported, "code-address",
                             "a segment at " + hex(segment.address) + " is outside " + hex(kImageBegin) +
                                 " … " + hex(kImageEnd)));
    }
    if (segment.memory_size != 0 && segment.address < first) first = segment.address;
  }
  for (const auto& segment : segments) {
    for (const auto& code : segment.code) {
      QAIC_CHECK(check_section(segment, code, first));
    }
  }
  return {};
}

}  // namespace qaic::sim::nsp
