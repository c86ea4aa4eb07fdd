#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <utility>

#include "lib/program/checks.hpp"
#include "lib/program/descriptor.hpp"

namespace qaic::program {
namespace {

namespace field = wire::qpc::field;
using base::fail;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

// More than any network has; bounds what a small hostile file can make us hold.
constexpr std::size_t kMaxBindings = 4096;
constexpr std::size_t kMaxDmaBuffers = 65535;  // a request names one with 16 bits
constexpr std::size_t kMaxTransforms = 64;
constexpr std::size_t kMaxDims = 8;
constexpr std::size_t kMaxNumbers = 4096;
constexpr std::size_t kMaxShapeTuples = 65536;
constexpr std::size_t kMaxShapes = 1U << 20;
constexpr std::size_t kMaxNameBytes = 4096;

// Thrown inside this file only, beside protozero's own exceptions, and turned
// into a value by parse_descriptor.
struct Malformed {
  std::string why;
};

[[noreturn]] void refuse(std::string why) {
  throw Malformed{std::move(why)};
}

void expect(const pbf_reader& in, pbf_wire_type type, const char* what) {
  if (in.wire_type() != type) refuse(std::string(what) + " has the wrong wire type");
}

std::uint32_t read_u32(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::varint, what);
  const std::uint64_t value = in.get_uint64();
  if (value > UINT32_MAX) refuse(std::string(what) + " is out of range");
  return static_cast<std::uint32_t>(value);
}

// Negative 32-bit numbers travel as ten-byte 64-bit ones.
std::int32_t read_i32(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::varint, what);
  const std::int64_t value = in.get_int64();
  if (!std::in_range<std::int32_t>(value)) refuse(std::string(what) + " is out of range");
  return static_cast<std::int32_t>(value);
}

bool read_bool(pbf_reader& in, const char* what) {
  return read_u32(in, what) != 0;
}

float read_float(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::fixed32, what);
  return in.get_float();
}

std::string read_text(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::length_delimited, what);
  const auto view = in.get_view();
  if (view.size() > kMaxNameBytes) refuse(std::string(what) + " is longer than 4096 bytes");
  return {view.data(), view.size()};
}

pbf_reader read_message(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::length_delimited, what);
  return in.get_message();
}

// Packed, as proto3 writes it, or one by one, as readers must accept.
void read_dims(pbf_reader& in, std::vector<std::int32_t>& out, const char* what) {
  const auto add = [&](std::int64_t value) {
    if (!std::in_range<std::int32_t>(value)) refuse(std::string(what) + " is out of range");
    if (out.size() == kMaxDims) refuse(std::string(what) + " has more than 8 entries");
    out.push_back(static_cast<std::int32_t>(value));
  };
  if (in.wire_type() == pbf_wire_type::varint) return add(in.get_int64());
  expect(in, pbf_wire_type::length_delimited, what);
  for (const std::int64_t value : in.get_packed_int64()) add(value);
}

void read_numbers(pbf_reader& in, std::vector<std::uint32_t>& out, const char* what) {
  const auto add = [&](std::uint64_t value) {
    if (value > UINT32_MAX) refuse(std::string(what) + " is out of range");
    if (out.size() == kMaxNumbers) refuse(std::string(what) + " has more than 4096 entries");
    out.push_back(static_cast<std::uint32_t>(value));
  };
  if (in.wire_type() == pbf_wire_type::varint) return add(in.get_uint64());
  expect(in, pbf_wire_type::length_delimited, what);
  for (const std::uint64_t value : in.get_packed_uint64()) add(value);
}

wire::qpc::Transfer read_direction(pbf_reader& in, const char* what) {
  const std::uint32_t value = read_u32(in, what);
  if (value > 1) refuse(std::string(what) + " is neither in nor out");
  return static_cast<wire::qpc::Transfer>(value);
}

IoFormat read_format(pbf_reader in) {
  IoFormat out;
  while (in.next()) {
    switch (in.tag()) {
      case field::io::type:
        out.type = read_u32(in, "a binding's type");
        break;
      case field::io::scale:
        out.scale = read_float(in, "a binding's scale");
        break;
      case field::io::offset:
        out.offset = read_i32(in, "a binding's offset");
        break;
      case field::io::dims:
        read_dims(in, out.dims, "a binding's dims");
        break;
      case field::io::layout:
        out.layout = read_u32(in, "a binding's layout");
        break;
      default:
        in.skip();
    }
  }
  return out;
}

D32Padding read_d32(pbf_reader in) {
  std::int32_t values[6] = {};
  while (in.next()) {
    if (in.tag() >= 1 && in.tag() <= 6) {
      values[in.tag() - 1] = read_i32(in, "a padding");
    } else {
      in.skip();
    }
  }
  return {values[0], values[1], values[2], values[3], values[4], values[5]};
}

CopyDmaBuffer read_copy(pbf_reader in) {
  CopyDmaBuffer out;
  while (in.next()) {
    switch (in.tag()) {
      case field::copy_dma_buffer::direction:
        out.direction = read_direction(in, "a copy's direction");
        break;
      case field::copy_dma_buffer::offset:
        out.offset = read_u32(in, "a copy's offset");
        break;
      case field::copy_dma_buffer::buffer:
        out.buffer = read_u32(in, "a copy's buffer number");
        break;
      default:
        in.skip();
    }
  }
  return out;
}

TransformStep read_step(pbf_reader in) {
  TransformStep out;
  while (in.next()) {
    switch (in.tag()) {
      case field::transform::kind:
        out.kind = read_u32(in, "a transform's kind");
        break;
      case field::transform::type:
        out.type = read_u32(in, "a transform's type");
        break;
      case field::transform::scale:
        out.scale = read_float(in, "a transform's scale");
        break;
      case field::transform::offset:
        out.offset = read_i32(in, "a transform's offset");
        break;
      case field::transform::dims:
        read_dims(in, out.dims, "a transform's dims");
        break;
      case field::transform::layout:
        out.layout = read_u32(in, "a transform's layout");
        break;
      case field::transform::shuffle:
        read_dims(in, out.shuffle, "a transform's shuffle");
        break;
      case field::transform::convert_to_d32:
        out.d32 = read_d32(read_message(in, "a transform's padding"));
        break;
      case field::transform::copy_dma_buffer:
        out.copy = read_copy(read_message(in, "a transform's copy"));
        break;
      default:
        in.skip();
    }
  }
  // proto3: a message that is absent is one with all fields zero.
  if (out.kind == static_cast<std::uint32_t>(wire::qpc::Transform::copy_dma_buffer) && !out.copy)
    out.copy.emplace();
  return out;
}

Binding read_binding(pbf_reader in) {
  Binding out;
  while (in.next()) {
    switch (in.tag()) {
      case field::binding::name:
        out.name = read_text(in, "a binding's name");
        break;
      case field::binding::io_initial:
        out.initial = read_format(read_message(in, "a binding's initial format"));
        break;
      case field::binding::io_transformed:
        out.transformed = read_format(read_message(in, "a binding's transformed format"));
        break;
      case field::binding::transforms:
        if (out.transforms.size() == kMaxTransforms) refuse("a binding has more than 64 transforms");
        out.transforms.push_back(read_step(read_message(in, "a transform")));
        break;
      case field::binding::is_partial_allowed:
        out.partial_allowed = read_bool(in, "a binding's is_partial_allowed");
        break;
      case field::binding::align:
        out.align = read_u32(in, "a binding's align");
        break;
      default:
        in.skip();
    }
  }
  return out;
}

DmaBuffer read_dma_buffer(pbf_reader in) {
  DmaBuffer out;
  while (in.next()) {
    switch (in.tag()) {
      case field::dma_buffer::size:
        out.size = read_u32(in, "a DMA buffer's size");
        break;
      case field::dma_buffer::direction:
        out.direction = read_direction(in, "a DMA buffer's direction");
        break;
      default:
        in.skip();
    }
  }
  return out;
}

std::vector<TensorShape> read_shapes(pbf_reader in, std::size_t& total) {
  std::vector<TensorShape> out;
  while (in.next()) {
    if (in.tag() != field::shapes::tensor) {
      in.skip();
      continue;
    }
    if (++total > kMaxShapes) refuse("more allowed shapes than can be");
    TensorShape shape;
    pbf_reader inner = read_message(in, "an allowed shape");
    while (inner.next()) {
      switch (inner.tag()) {
        case field::shapes::type:
          shape.type = read_u32(inner, "an allowed shape's type");
          break;
        case field::shapes::dims:
          read_dims(inner, shape.dims, "an allowed shape's dims");
          break;
        default:
          inner.skip();
      }
    }
    out.push_back(std::move(shape));
  }
  return out;
}

Descriptor read_network(pbf_reader in) {
  Descriptor out;
  out.major = 0;
  std::size_t shapes = 0;
  while (in.next()) {
    switch (in.tag()) {
      case field::network::major_version:
        out.major = read_u32(in, "major_version");
        break;
      case field::network::minor_version:
        out.minor = read_u32(in, "minor_version");
        break;
      case field::network::name:
        out.network_name = read_text(in, "network_name");
        break;
      case field::network::inputs:
      case field::network::outputs: {
        if (out.inputs.size() + out.outputs.size() == kMaxBindings) refuse("more than 4096 bindings");
        auto& list = in.tag() == field::network::inputs ? out.inputs : out.outputs;
        list.push_back(read_binding(read_message(in, "a binding")));
        break;
      }
      case field::network::dma_buffers:
        if (out.dma_buffers.size() == kMaxDmaBuffers) refuse("more than 65535 DMA buffers");
        out.dma_buffers.push_back(read_dma_buffer(read_message(in, "a DMA buffer")));
        break;
      case field::network::num_cores:
        out.num_cores = read_u32(in, "num_cores");
        break;
      case field::network::num_threads:
        out.num_threads = read_u32(in, "num_threads");
        break;
      case field::network::num_hvx_threads:
        out.num_hvx_threads = read_u32(in, "num_hvx_threads");
        break;
      case field::network::stats:
        out.has_stats = true;
        in.skip();
        break;
      case field::network::batch_size:
        out.batch_size = read_i32(in, "batch_size");
        break;
      case field::network::crc_info:
        out.has_crc_info = true;
        in.skip();
        break;
      case field::network::cluster_offsets:
        read_numbers(in, out.cluster_offsets, "cluster_offsets");
        break;
      case field::network::allowed_shapes:
        if (out.allowed_shapes.size() == kMaxShapeTuples) refuse("more than 65536 allowed shapes");
        out.allowed_shapes.push_back(read_shapes(read_message(in, "allowed_shapes"), shapes));
        break;
      default:
        in.skip();
    }
  }
  return out;
}

}  // namespace

base::Result<Descriptor> decode_descriptor(base::Bytes bytes) {
  const auto malformed = [](std::string why) {
    return fail(base::make_error(base::ErrorKind::bad_input, "qpc-descriptor",
                                 "networkdesc.bin is not a valid network descriptor: " + std::move(why),
                                 "pack the program again, or fetch the file again"));
  };
  try {
    const auto text = base::as_text(bytes);
    return read_network(pbf_reader(text.data(), text.size()));
  } catch (const Malformed& error) {
    return malformed(error.why);
  } catch (const protozero::exception& error) {
    return malformed(std::string("broken protobuf, ") + error.what());
  }
}

base::Result<Descriptor> parse_descriptor(base::Bytes bytes) {
  QAIC_TRY(Descriptor out, decode_descriptor(bytes));
  Findings findings;
  check_descriptor(out, findings);
  if (auto error = findings.first_error()) return fail(std::move(*error));
  return out;
}

}  // namespace qaic::program
