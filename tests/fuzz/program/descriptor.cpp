// Any bytes as a network descriptor: what was read is written and read back to
// the same bytes.
#include <cstdint>
#include <cstdlib>

#include "lib/program/descriptor.hpp"
#include "lib/program/tensor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qaic;
  const auto read = program::parse_descriptor({reinterpret_cast<const std::byte*>(data), size});
  if (!read) return 0;
  for (const auto& tensor : program::list_tensors(*read)) {
    if (!tensor.place) continue;
    const auto& buffer = read->dma_buffers.at(tensor.place->buffer);
    if (tensor.place->offset + tensor.byte_size > buffer.size) std::abort();
  }
  const auto written = program::write_descriptor(*read);
  const auto again = program::parse_descriptor(written);
  if (!again || program::write_descriptor(*again) != written) std::abort();
  return 0;
}
