// The network descriptor (networkdesc.bin): what goes in and out of a program,
// as the host sees it. A protobuf message. Source: runtime-protocols §1.3.
// Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/program/stats.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {

// Enumerators from outside stay numbers where the format may grow: `type` is
// wire::qpc::DataType, `kind` wire::qpc::Transform, `layout` networkDescLayout.

// A shape at one end of a binding. Real value = (q - offset) * scale.
struct IoFormat {
  std::uint32_t type = 0;
  float scale = 0;
  std::int32_t offset = 0;
  std::vector<std::int32_t> dims;
  std::uint32_t layout = 0;
};

struct CopyDmaBuffer {
  wire::qpc::Transfer direction = wire::qpc::Transfer::in;
  std::uint32_t offset = 0;  // bytes, of this tensor inside the DMA buffer
  std::uint32_t buffer = 0;  // index into Descriptor::dma_buffers
};

struct D32Padding {
  std::int32_t value = 0;
  std::int32_t x_begin = 0, y_begin = 0, x_end = 0, y_end = 0, d_end = 0;
};

// One step between the user's tensor and the DMA buffer.
struct TransformStep {
  std::uint32_t kind = 0;
  std::uint32_t type = 0;
  float scale = 0;
  std::int32_t offset = 0;
  std::vector<std::int32_t> dims;
  std::uint32_t layout = 0;
  std::vector<std::int32_t> shuffle;
  std::optional<D32Padding> d32;
  std::optional<CopyDmaBuffer> copy;
};

struct Binding {
  std::string name;
  IoFormat initial;
  IoFormat transformed;
  std::vector<TransformStep> transforms;
  bool partial_allowed = false;
  std::uint32_t align = 0;
};

struct DmaBuffer {
  std::uint32_t size = 0;  // bytes
  wire::qpc::Transfer direction = wire::qpc::Transfer::in;
};

struct TensorShape {
  std::uint32_t type = 0;
  std::vector<std::int32_t> dims;
};

struct Descriptor {
  std::uint32_t major = wire::qpc::kDescriptorMajor;
  std::uint32_t minor = 0;
  std::string network_name;
  std::vector<Binding> inputs;
  std::vector<Binding> outputs;
  std::vector<DmaBuffer> dma_buffers;
  std::uint32_t num_cores = 0;  // NSPs needed
  std::uint32_t num_threads = 0;
  std::uint32_t num_hvx_threads = 0;
  std::int32_t batch_size = 0;
  std::vector<std::uint32_t> thread_groups;  // what these four mean is not known
  std::uint32_t thread_group_issue_count = 0;
  std::vector<std::string> thread_group_names;
  std::vector<std::uint32_t> cluster_offsets;
  std::optional<Stats> stats;
  std::optional<CrcInfo> crc_info;
  // Permitted shape tuples: one shape per binding, inputs then outputs.
  std::vector<std::vector<TensorShape>> allowed_shapes;
  // Fields of the message that are no values here, so that the writer leaves
  // them out: "19", "inputs.7".
  std::vector<std::string> unread;
};

// Bytes of one element of a data type; nothing for a type not known.
[[nodiscard]] std::optional<std::uint32_t> element_size(std::uint32_t type);

// "float32", "int8_q", …; "" for a type not known.
[[nodiscard]] std::string_view data_type_name(std::uint32_t type);
[[nodiscard]] std::optional<std::uint32_t> data_type_from_name(std::string_view name);

// "convert_to_d32", …; "" for a kind not known.
[[nodiscard]] std::string_view transform_name(std::uint32_t kind);

// "flat_nxyd", "d32_untiled", …; the number for a layout not known.
[[nodiscard]] std::string layout_text(std::uint32_t layout);

// Product of the non-zero dims times the element size; nothing for a negative
// dim, an unknown type or an overflow.
[[nodiscard]] std::optional<std::uint64_t> byte_size(const IoFormat& format);

// Reads the message: wire types, counts, ranges of numbers. Fields not known are
// skipped, as the format demands. Whether the values make sense is left to the
// checker. Errors: qpc-descriptor.
[[nodiscard]] base::Result<Descriptor> decode_descriptor(base::Bytes bytes);

// decode_descriptor(), and what the checker says of a descriptor by itself:
// types, sizes, buffer numbers, offsets inside DMA buffers, directions, names.
[[nodiscard]] base::Result<Descriptor> parse_descriptor(base::Bytes bytes);

[[nodiscard]] base::ByteVector write_descriptor(const Descriptor& descriptor);

}  // namespace qaic::program
