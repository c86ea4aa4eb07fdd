// Any bytes as the description that `qaic-qpc pack` reads: what is taken is
// written, and what is written and can be read again is the same.
#include <cstdint>
#include <cstdlib>

#include "tests/lib_program/samples.hpp"
#include "tools/qaic-qpc/description.hpp"

namespace {

using namespace qaic;

void check(std::string_view text, base::Bytes elf, std::uint64_t constants_size) {
  const auto read = qpc::read_description(text, elf, constants_size);
  if (!read) {
    if (read.error().kind != base::ErrorKind::bad_input) std::abort();
    return;
  }
  const auto& m = read->metadata;
  if (m.static_constants_size > constants_size ||
      m.dynamic_constants_size > constants_size - m.static_constants_size) {
    std::abort();
  }
  // A description may hold more than readers take: longer names, more numbers.
  const auto metadata = program::write_metadata(m);
  if (const auto again = program::decode_metadata(metadata)) {
    if (program::write_metadata(*again) != metadata || !again->unread.empty()) std::abort();
  }
  const auto descriptor = program::write_descriptor(read->descriptor);
  if (const auto again = program::decode_descriptor(descriptor)) {
    if (program::write_descriptor(*again) != descriptor || !again->unread.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const base::ByteVector elf = samples::elf();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, elf, 0);
  check(text, elf, 4096);
  return 0;
}
