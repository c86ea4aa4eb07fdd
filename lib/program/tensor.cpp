#include "lib/program/tensor.hpp"

#include <utility>

#include "lib/program/host_chain.hpp"

namespace qaic::program {
namespace {

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
  out.moved_size = out.byte_size;

  const auto& steps = binding.transforms;
  if (steps.empty() && is_input) return out;
  if (!element_size(format.type)) {
    out.unsupported_transform = "its data type " + std::to_string(format.type) + " has no size that is known";
    return out;
  }
  if (!is_copied_only(binding)) {
    auto chain = compile_chain(binding, direction);
    if (!chain) {
      out.unsupported_transform = std::move(chain.error().what);
      return out;
    }
    out.moved_size = is_input ? chain->output_size() : chain->input_size();
    out.chain = std::move(*chain);
  }
  const CopyDmaBuffer& copy = *(is_input ? steps.back() : steps.front()).copy;
  out.place = Tensor::Place{copy.buffer, copy.offset};
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
