// The part of a description that is about DMA buffers and tensors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/program/descriptor.hpp"
#include "tools/qaic-qpc/description_reader.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {

// Names of buffers, so that tensors and requests may use either name or index.
struct BufferNames {
  std::vector<std::string> names;

  // Throws DescriptionError.
  [[nodiscard]] std::uint32_t find(const ObjectReader& object, std::string_view key) const;
};

// All of these throw DescriptionError.
[[nodiscard]] wire::qpc::Transfer direction(const ObjectReader& object, std::string_view key);
[[nodiscard]] BufferNames read_buffers(const ObjectReader& root, program::Descriptor& out);
void read_tensors(const ObjectReader& root, const BufferNames& buffers, program::Descriptor& out);
// The tuples of shapes; types are those of the tensors, which must be read before,
// where a shape does not say otherwise.
void read_shapes(const ObjectReader& root, program::Descriptor& out);

// What shapes are of where they do not say: a type for each binding.
[[nodiscard]] std::vector<std::uint32_t> shape_types(const program::Descriptor& descriptor);

// Calls `read(item, path)` for every item of a list of the document.
template <class F>
void for_each(const ObjectReader& root, std::string_view key, F read) {
  std::size_t index = 0;
  for (const auto& item : root.list(key)) read(item, root.path(key) + "/" + std::to_string(index++));
}

// The binding that a tensor with nothing but a place in a buffer is.
[[nodiscard]] program::Binding plain_binding(const std::string& name, const program::IoFormat& format,
                                             const program::CopyDmaBuffer& copy);

}  // namespace qaic::qpc
