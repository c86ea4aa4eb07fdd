// A tensor as the user of a program sees it. Source: runtime-protocols §1.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/transform/chain.hpp"

namespace qaic::program {

struct Tensor {
  std::string name;
  wire::qpc::Transfer direction = wire::qpc::Transfer::in;
  std::uint32_t type = 0;  // wire::qpc::DataType
  std::vector<std::int32_t> dims;
  std::uint64_t byte_size = 0;   // as its user has it; 0 if its type has no size that is known
  std::uint64_t moved_size = 0;  // as it lies in its DMA buffer
  float scale = 0;               // real value = (q - offset) * scale, of the quantised types
  std::int32_t offset = 0;
  bool partial_allowed = false;
  std::uint32_t align = 0;  // of its bytes in the DMA buffer, of a partial one; 0: none

  // Where its bytes are; nothing for an input that the compiler optimised away
  // (it is accepted and ignored) and for a tensor that cannot be used.
  struct Place {
    std::uint32_t buffer = 0;  // DMA buffer number
    std::uint32_t offset = 0;  // bytes inside it
  };
  std::optional<Place> place;

  // Between the user's bytes and those in the DMA buffer: from the former for an
  // input, from the latter for an output. Nothing if they are the same bytes.
  std::optional<transform::Chain> chain;

  // The first transform that the host cannot do, and why, or that the size of its
  // elements is not known: such a tensor cannot be given or taken. Empty = usable.
  std::string unsupported_transform;
};

// Inputs in order, then outputs in order: the order of user buffers. The
// descriptor must have come out of parse_descriptor, or be as consistent.
[[nodiscard]] std::vector<Tensor> list_tensors(const Descriptor& descriptor);

}  // namespace qaic::program
