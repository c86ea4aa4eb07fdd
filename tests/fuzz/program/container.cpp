// Any bytes as a container: every segment that is given out lies inside, and
// what was read is written and read back the same.
#include <cstdint>
#include <cstdlib>

#include "lib/program/container.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qaic;
  const base::Bytes file(reinterpret_cast<const std::byte*>(data), size);
  const auto container = program::parse_container(file);
  if (!container) return 0;
  unsigned sum = 0;
  std::size_t total = 0;
  for (const auto& segment : container->segments) {
    for (const std::byte b : segment.bytes) sum += static_cast<unsigned>(b);
    total += segment.bytes.size();
  }
  (void)program::check_loadable(*container);
  // Segments of a hostile file may overlap a thousandfold; do not write those.
  if (total > 4 * size) return static_cast<int>(sum & 0U);
  const auto written = program::write_container(container->segments);
  if (!written) std::abort();
  const auto again = program::parse_container(*written);
  if (!again || again->segments.size() != container->segments.size()) std::abort();
  for (const auto& segment : container->segments) {
    const auto* same = again->find(segment.name);
    if (same == nullptr || base::as_text(same->bytes) != base::as_text(segment.bytes)) std::abort();
  }
  return 0;
}
