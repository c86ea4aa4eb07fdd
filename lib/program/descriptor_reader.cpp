#include <protozero/exception.hpp>
#include <utility>

#include "lib/program/checks.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/message_reader.hpp"

namespace qaic::program {
namespace {

namespace field = wire::qpc::field;
using base::fail;
using namespace message;  // read_u32 and the like

// More than any network has; bounds what a small hostile file can make us hold.
constexpr std::size_t kMaxBindings = 4096;
constexpr std::size_t kMaxDmaBuffers = 65535;  // a request names one with 16 bits
constexpr std::size_t kMaxTransforms = 64;
constexpr std::size_t kMaxDims = 8;
constexpr std::size_t kMaxShapeTuples = 65536;
constexpr std::size_t kMaxShapes = 1U << 20;

float read_float(pbf_reader& in, const char* what) {
  expect(in, pbf_wire_type::fixed32, what);
  return in.get_float();
}

void read_dims(pbf_reader& in, std::vector<std::int32_t>& out, const char* what) {
  read_signed(in, out, kMaxDims, what);
}

wire::qpc::Transfer read_direction(pbf_reader& in, const char* what) {
  const std::uint32_t value = read_u32(in, what);
  if (value > 1) refuse(std::string(what) + " is neither in nor out");
  return static_cast<wire::qpc::Transfer>(value);
}

IoFormat read_format(pbf_reader in, Unread& unread) {
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
        unread.skip(in, "format");
    }
  }
  return out;
}

D32Padding read_d32(pbf_reader in, Unread& unread) {
  std::int32_t values[6] = {};
  while (in.next()) {
    if (in.tag() >= 1 && in.tag() <= 6) {
      values[in.tag() - 1] = read_i32(in, "a padding");
    } else {
      unread.skip(in, "padding");
    }
  }
  return {values[0], values[1], values[2], values[3], values[4], values[5]};
}

CopyDmaBuffer read_copy(pbf_reader in, Unread& unread) {
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
        unread.skip(in, "copy");
    }
  }
  return out;
}

TransformStep read_step(pbf_reader in, Unread& unread) {
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
        out.d32 = read_d32(read_message(in, "a transform's padding"), unread);
        break;
      case field::transform::copy_dma_buffer:
        out.copy = read_copy(read_message(in, "a transform's copy"), unread);
        break;
      default:
        unread.skip(in, "transforms");
    }
  }
  // proto3: a message that is absent is one with all fields zero.
  if (out.kind == static_cast<std::uint32_t>(wire::qpc::Transform::copy_dma_buffer) && !out.copy)
    out.copy.emplace();
  return out;
}

Binding read_binding(pbf_reader in, Unread& unread) {
  Binding out;
  while (in.next()) {
    switch (in.tag()) {
      case field::binding::name:
        out.name = read_text(in, "a binding's name");
        break;
      case field::binding::io_initial:
        out.initial = read_format(read_message(in, "a binding's initial format"), unread);
        break;
      case field::binding::io_transformed:
        out.transformed = read_format(read_message(in, "a binding's transformed format"), unread);
        break;
      case field::binding::transforms:
        if (out.transforms.size() == kMaxTransforms) refuse("a binding has more than 64 transforms");
        out.transforms.push_back(read_step(read_message(in, "a transform"), unread));
        break;
      case field::binding::is_partial_allowed:
        out.partial_allowed = read_bool(in, "a binding's is_partial_allowed");
        break;
      case field::binding::align:
        out.align = read_u32(in, "a binding's align");
        break;
      default:
        unread.skip(in, "bindings");
    }
  }
  return out;
}

DmaBuffer read_dma_buffer(pbf_reader in, Unread& unread) {
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
        unread.skip(in, "dma_buffers");
    }
  }
  return out;
}

std::vector<TensorShape> read_shapes(pbf_reader in, std::size_t& total, Unread& unread) {
  std::vector<TensorShape> out;
  while (in.next()) {
    if (in.tag() != field::shapes::tensor) {
      unread.skip(in, "allowed_shapes");
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
          unread.skip(inner, "allowed_shapes.shape");
      }
    }
    out.push_back(std::move(shape));
  }
  return out;
}

Descriptor read_network(pbf_reader in, Unread& unread) {
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
        list.push_back(read_binding(read_message(in, "a binding"), unread));
        break;
      }
      case field::network::dma_buffers:
        if (out.dma_buffers.size() == kMaxDmaBuffers) refuse("more than 65535 DMA buffers");
        out.dma_buffers.push_back(read_dma_buffer(read_message(in, "a DMA buffer"), unread));
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
      case field::network::thread_groups:
        read_numbers(in, out.thread_groups, "thread_groups");
        break;
      case field::network::thread_group_issue_count:
        out.thread_group_issue_count = read_u32(in, "thread_group_issue_count");
        break;
      case field::network::thread_group_names:
        if (out.thread_group_names.size() == kMaxNumbers) refuse("more than 4096 thread_group_names");
        out.thread_group_names.push_back(read_text(in, "a name of a thread group"));
        break;
      case field::network::stats:
        out.stats = read_stats(read_message(in, "stats"), unread);
        break;
      case field::network::batch_size:
        out.batch_size = read_i32(in, "batch_size");
        break;
      case field::network::crc_info:
        out.crc_info = read_crc_info(read_message(in, "crc_info"), unread);
        break;
      case field::network::cluster_offsets:
        read_numbers(in, out.cluster_offsets, "cluster_offsets");
        break;
      case field::network::allowed_shapes:
        if (out.allowed_shapes.size() == kMaxShapeTuples) refuse("more than 65536 allowed shapes");
        out.allowed_shapes.push_back(read_shapes(read_message(in, "allowed_shapes"), shapes, unread));
        break;
      default:
        unread.skip(in, "");
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
    Unread unread;
    Descriptor out = read_network(pbf_reader(text.data(), text.size()), unread);
    out.unread = std::move(unread.names);
    return out;
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
