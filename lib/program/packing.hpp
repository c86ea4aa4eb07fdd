// Where partial inputs lie in their DMA buffer. Source: runtime-protocols §1.3.
// Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/program/tensor.hpp"

namespace qaic::program {

// Whether less than the whole tensor may be sent.
[[nodiscard]] bool is_partial(const Tensor& tensor);

// One of them: its record (wire::qpc::PartialRecord) is where its binding
// points, and says where its bytes are.
struct PartialInput {
  std::size_t tensor = 0;    // index into the tensors
  std::uint32_t record = 0;  // bytes inside the buffer
  std::uint32_t align = 1;   // of `offset`
  // Bytes in the buffer, as they are moved.
  std::uint64_t full_size = 0;     // of the tensor
  std::uint64_t element_size = 1;  // of one of its elements
  std::uint64_t size = 0;          // to be sent
  std::uint64_t offset = 0;        // of what is sent
  // Bytes as the user has it: other ones if the host converts it.
  std::uint64_t user_size = 0;  // of the tensor
  std::uint32_t user_element_size = 1;
};

// Those of one DMA buffer, in the order of the tensors.
struct PartialBuffer {
  std::uint32_t buffer = 0;  // DMA buffer number
  std::uint64_t begin = 0;   // bytes; behind the records and the inputs that are always whole
  std::vector<PartialInput> inputs;
  std::uint64_t end = 0;  // bytes used
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::vector<Range> always_whole;  // where the other inputs in the buffer are

  [[nodiscard]] bool whole() const;
};

// Puts the inputs one behind the other, each at its alignment. False, and
// nothing certain, when that goes beyond 4 GiB, which a record cannot say.
[[nodiscard]] bool pack(PartialBuffer& buffer);

// All buffers with partial inputs, by number, packed at full size. `end` is UINT64_MAX
// where that cannot be.
[[nodiscard]] std::vector<PartialBuffer> partial_buffers(const std::vector<Tensor>& tensors);

// Whether a buffer that is packed at full size is inside `room`, records and
// all, and no record lies where another or bytes of an input are.
[[nodiscard]] bool fits_whole(const PartialBuffer& buffer, PartialBuffer::Range room);

}  // namespace qaic::program
