// Any bytes as a network descriptor: what was read is written and read back to
// the same bytes, and every chain of transforms that was made of it runs.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "lib/program/descriptor.hpp"
#include "lib/program/tensor.hpp"

namespace {

using namespace qaic;

// In memory of exactly the sizes that the chain says, so that a sanitizer sees
// one byte too much.
void run_chain(const program::Tensor& tensor, base::Bytes data) {
  constexpr std::size_t kMost = 1U << 20;
  const auto& chain = *tensor.chain;
  const bool is_input = tensor.direction == wire::qpc::Transfer::in;
  if (chain.input_size() != (is_input ? tensor.byte_size : tensor.moved_size)) std::abort();
  if (chain.output_size() != (is_input ? tensor.moved_size : tensor.byte_size)) std::abort();
  const auto scratch_size = chain.scratch_size();
  if (!scratch_size) std::abort();
  if (std::max({chain.input_size(), chain.output_size(), *scratch_size}) > kMost) return;
  base::ByteVector in(chain.input_size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = data[i * 7 % data.size()];
  base::ByteVector out(chain.output_size());
  base::ByteVector scratch(*scratch_size);
  if (!chain.run(in, out, scratch)) std::abort();
  base::ByteVector again(chain.output_size(), std::byte{0xFF});
  if (!chain.run(in, again, scratch) || again != out) std::abort();  // every byte is written
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto read = program::parse_descriptor(bytes);
  if (!read) return 0;
  for (const auto& tensor : program::list_tensors(*read)) {
    if (tensor.chain) run_chain(tensor, bytes);
    if (!tensor.place) continue;
    const auto& buffer = read->dma_buffers.at(tensor.place->buffer);
    if (tensor.place->offset + tensor.moved_size > buffer.size) std::abort();
  }
  const auto written = program::write_descriptor(*read);
  const auto again = program::parse_descriptor(written);
  if (!again || program::write_descriptor(*again) != written) std::abort();
  return 0;
}
