// Any bytes as network.elf, and as the bytes of its metadata section: what was
// read is within the card's limits, and is written and read back the same.
#include <cstdint>
#include <cstdlib>

#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"

namespace {

using namespace qaic;

void check(const base::Result<program::Metadata>& read) {
  if (!read) return;
  if (read->num_nsps < 1 || read->num_nsps > 16 || read->semaphore_init.size() > 32) std::abort();
  if (read->l2tcm_init.size() > read->l2tcm_size) std::abort();
  const auto written = program::write_metadata(*read);
  const auto again = program::parse_metadata(written);
  if (!again || program::write_metadata(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  check(program::read_metadata(bytes));
  check(program::parse_metadata(bytes));
  (void)program::symbol_address(bytes, "entry");
  if (size < 65536) {
    const auto added = program::with_section(bytes, "metadata", bytes);
    if (added && !program::parse_elf(*added)) std::abort();
  }
  return 0;
}
