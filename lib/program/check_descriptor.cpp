// The network descriptor by itself: tensors and their places in DMA buffers.
#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "lib/program/checks.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using qpc::Transfer;

struct Where {
  std::string place;
  std::string text;  // "tensor 'x'"
};

void check_format(const IoFormat& format, const Where& where, Findings& out) {
  if (!element_size(format.type)) {
    out.add(
        "tensor-type", where.place,
        where.text + " has data type " + number(format.type) + ", whose elements have no size that is known");
    return;
  }
  if (!byte_size(format)) out.add("tensor-dims", where.place, where.text + " has dims that make no size");
}

// What is copied is the user's form if copying is all that happens, and the far
// form otherwise.
const IoFormat& moved_format(const Binding& binding, Transfer direction) {
  const bool alone = binding.transforms.size() == 1;
  return (direction == Transfer::in) == alone ? binding.initial : binding.transformed;
}

// The copy next to the DMA buffer, if that is what is there.
const CopyDmaBuffer* moving_copy(const Binding& binding, Transfer direction) {
  if (binding.transforms.empty()) return nullptr;
  const TransformStep& step =
      direction == Transfer::in ? binding.transforms.back() : binding.transforms.front();
  const bool is_copy = step.kind == static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer);
  return is_copy && step.copy ? &*step.copy : nullptr;
}

void check_copy(const Descriptor& network, const Binding& binding, const CopyDmaBuffer& copy,
                Transfer direction, const Where& where, Findings& out) {
  if (copy.buffer >= network.dma_buffers.size()) {
    out.add("tensor-buffer", where.place,
            where.text + " uses DMA buffer " + number(copy.buffer) + ", there are " +
                number(network.dma_buffers.size()));
    return;
  }
  const DmaBuffer& buffer = network.dma_buffers[copy.buffer];
  if (copy.direction != direction || buffer.direction != direction) {
    out.add("tensor-direction", where.place,
            where.text + " is copied in the other direction than its DMA buffer goes");
  }
  const auto size = byte_size(moved_format(binding, direction));
  if (size && !fits(copy.offset, *size, buffer.size)) {
    out.add("tensor-range", where.place,
            where.text + " (" + number(*size) + " bytes at " + number(copy.offset) +
                ") does not fit into its DMA buffer of " + number(buffer.size) + " bytes");
  }
}

void check_binding(const Descriptor& network, const Binding& binding, Transfer direction,
                   const std::string& place, Findings& out) {
  const Where where{place, "tensor '" + binding.name + "'"};
  if (binding.name.empty()) out.add("tensor-name", place, "a binding has no name");
  check_format(binding.initial, where, out);
  check_format(binding.transformed, where, out);
  const IoFormat& shown = direction == Transfer::in ? binding.initial : binding.transformed;
  if (data_type_name(shown.type).ends_with("_q") && (!std::isfinite(shown.scale) || shown.scale == 0)) {
    out.add("tensor-scale", place,
            where.text + " is quantised with a scale of " + std::to_string(shown.scale));
  }
  if (binding.partial_allowed && (binding.align & (binding.align - 1)) != 0) {
    out.add("tensor-align", place, where.text + " has an alignment that is no power of two");
  }
  if (binding.partial_allowed && direction == Transfer::out) {
    out.add("partial-output", place, where.text + " goes out; what a partial output is, is not known");
  }
  for (std::size_t i = 0; i < binding.transforms.size(); ++i) {
    const TransformStep& step = binding.transforms[i];
    if (step.kind != static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer) || !step.copy) continue;
    check_copy(network, binding, *step.copy, direction, {indexed(place + ".transformseq", i), where.text},
               out);
  }
}

const Binding& binding_at(const Descriptor& network, std::size_t index) {
  const std::size_t inputs = network.inputs.size();
  return index < inputs ? network.inputs[index] : network.outputs[index - inputs];
}

// One shape of a tuple against the tensor that it is a shape of.
void check_shape(const TensorShape& shape, const Descriptor& network, std::size_t index,
                 const std::string& place, Findings& out) {
  const Binding& binding = binding_at(network, index);
  const bool is_input = index < network.inputs.size();
  const IoFormat& format = is_input ? binding.initial : binding.transformed;
  const std::string text = "an allowed shape of tensor '" + binding.name + "'";
  // Of which end the shape is, is not said anywhere.
  if (shape.type != binding.initial.type && shape.type != binding.transformed.type) {
    out.add("shape-type", place,
            text + " has data type " + number(shape.type) + ", the tensor " + number(format.type));
    return;
  }
  const auto size = byte_size({shape.type, 0, 0, shape.dims, 0});
  if (!size) {
    if (element_size(shape.type)) out.add("shape-size", place, text + " has dims that make no size");
    return;
  }
  if (binding.transforms.size() != 1 || !binding.transforms[0].copy) return;
  const CopyDmaBuffer& copy = *binding.transforms[0].copy;
  if (copy.buffer >= network.dma_buffers.size()) return;
  const std::uint64_t room = network.dma_buffers[copy.buffer].size;
  if (!fits(copy.offset, *size, room)) {
    out.add("shape-size", place,
            text + " (" + number(*size) + " bytes at " + number(copy.offset) +
                ") does not fit into its DMA buffer of " + number(room) + " bytes");
  }
}

void check_shapes(const Descriptor& network, Findings& out) {
  const std::size_t tensors = network.inputs.size() + network.outputs.size();
  for (std::size_t i = 0; i < network.allowed_shapes.size(); ++i) {
    const auto& tuple = network.allowed_shapes[i];
    const std::string place = indexed("descriptor.allowed_shapes", i);
    if (tuple.size() != tensors) {
      out.add("shape-count", place,
              "an allowed shape names " + number(tuple.size()) + " of " + number(tensors) + " tensors");
      continue;
    }
    for (std::size_t t = 0; t < tensors; ++t) {
      check_shape(tuple[t], network, t, indexed(place + ".shapes", t), out);
    }
  }
}

// Two tensors in the same bytes.
void check_overlaps(const Descriptor& network, Findings& out) {
  struct Piece {
    std::uint32_t buffer;
    std::uint64_t begin, end;
    std::size_t index;
  };
  std::vector<Piece> pieces;
  const std::size_t tensors = network.inputs.size() + network.outputs.size();
  for (std::size_t i = 0; i < tensors; ++i) {
    const Binding& binding = binding_at(network, i);
    const Transfer direction = i < network.inputs.size() ? Transfer::in : Transfer::out;
    const CopyDmaBuffer* copy = moving_copy(binding, direction);
    if (binding.partial_allowed || copy == nullptr) continue;
    const auto size = byte_size(moved_format(binding, direction));
    const auto end = size ? base::checked_add<std::uint64_t>(copy->offset, *size) : std::nullopt;
    if (end && *size != 0) pieces.push_back({copy->buffer, copy->offset, *end, i});
  }
  std::ranges::sort(pieces, [](const Piece& a, const Piece& b) {
    return std::tie(a.buffer, a.begin, a.index) < std::tie(b.buffer, b.begin, b.index);
  });
  std::size_t last = 0;  // of those before, the one that reaches furthest
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const Piece& before = pieces[last];
    if (before.buffer != pieces[i].buffer || before.end < pieces[i].end) last = i;
    if (before.buffer != pieces[i].buffer || before.end <= pieces[i].begin) continue;
    out.add("tensor-overlap", binding_place(network, pieces[i].index),
            "tensors '" + binding_at(network, before.index).name + "' and '" +
                binding_at(network, pieces[i].index).name + "' share bytes of DMA buffer " +
                number(before.buffer));
  }
}

void check_names(const Descriptor& network, Findings& out) {
  std::set<std::pair<bool, std::string_view>> names;
  for (std::size_t i = 0; i < network.inputs.size() + network.outputs.size(); ++i) {
    const std::string& name = binding_at(network, i).name;
    if (name.empty() || names.emplace(i < network.inputs.size(), name).second) continue;
    out.add("tensor-name-twice", binding_place(network, i),
            "two tensors of one direction are named '" + name + "'");
  }
}

}  // namespace

std::string binding_place(const Descriptor& descriptor, std::size_t index) {
  const std::size_t inputs = descriptor.inputs.size();
  return index < inputs ? indexed("descriptor.inputs", index) : indexed("descriptor.outputs", index - inputs);
}

void check_descriptor(const Descriptor& descriptor, Findings& out) {
  if (descriptor.major != qpc::kDescriptorMajor) {
    out.add("descriptor-version", "descriptor.major_version",
            "the descriptor is of version " + number(descriptor.major) + "." + number(descriptor.minor) +
                ", known is " + number(qpc::kDescriptorMajor));
  }
  const std::size_t inputs = descriptor.inputs.size();
  for (std::size_t i = 0; i < inputs + descriptor.outputs.size(); ++i) {
    check_binding(descriptor, binding_at(descriptor, i), i < inputs ? Transfer::in : Transfer::out,
                  binding_place(descriptor, i), out);
  }
  check_shapes(descriptor, out);
  check_names(descriptor, out);
  check_overlaps(descriptor, out);
}

}  // namespace qaic::program
