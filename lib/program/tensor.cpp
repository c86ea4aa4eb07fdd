#include "lib/program/tensor.hpp"

#include <algorithm>

namespace qaic::program {
namespace {

constexpr auto kCopy = static_cast<std::uint32_t>(wire::qpc::Transform::copy_dma_buffer);

Tensor make_tensor(const Binding& binding, wire::qpc::Transfer direction) {
  const bool is_input = direction == wire::qpc::Transfer::in;
  const IoFormat& format = is_input ? binding.initial : binding.transformed;
  Tensor out;
  out.name = binding.name;
  out.direction = direction;
  out.type = format.type;
  out.dims = format.dims;
  out.byte_size = byte_size(format).value_or(0);
  out.scale = format.scale;
  out.offset = format.offset;
  out.partial_allowed = binding.partial_allowed;
  out.align = binding.align;

  const auto& steps = binding.transforms;
  if (steps.empty()) {
    if (!is_input) out.unsupported_transform = "none at all";
    return out;
  }
  const auto other = std::ranges::find_if(steps, [](const auto& step) { return step.kind != kCopy; });
  if (other != steps.end()) {
    const auto name = transform_name(other->kind);
    out.unsupported_transform = name.empty() ? "kind " + std::to_string(other->kind) : std::string(name);
  } else if (steps.size() > 1) {
    out.unsupported_transform = "several copies";
  } else if (steps.front().copy) {
    out.place = Tensor::Place{steps.front().copy->buffer, steps.front().copy->offset};
  }
  return out;
}

}  // namespace

std::vector<Tensor> list_tensors(const Descriptor& descriptor) {
  std::vector<Tensor> out;
  for (const auto& binding : descriptor.inputs) out.push_back(make_tensor(binding, wire::qpc::Transfer::in));
  for (const auto& binding : descriptor.outputs)
    out.push_back(make_tensor(binding, wire::qpc::Transfer::out));
  return out;
}

}  // namespace qaic::program
