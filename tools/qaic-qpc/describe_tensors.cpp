#include "tools/qaic-qpc/describe_tensors.hpp"

#include "tools/qaic-qpc/description_tensors.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace wqpc = wire::qpc;
using Ordered = nlohmann::ordered_json;

// By name where there is one.
Ordered type_of(std::uint32_t type) {
  const auto name = program::data_type_name(type);
  return name.empty() ? Ordered(type) : Ordered(name);
}

void put_format(Ordered& out, const program::IoFormat& format) {
  out["type"] = type_of(format.type);
  out["dims"] = format.dims;
  out["scale"] = format.scale;
  if (format.offset != 0) out["zero_point"] = format.offset;
  if (format.layout != 0) out["layout"] = format.layout;
}

Ordered step_of(const program::TransformStep& step) {
  const auto name = program::transform_name(step.kind);
  Ordered out = {{"kind", name.empty() ? Ordered(step.kind) : Ordered(name)}};
  out["type"] = type_of(step.type);
  out["scale"] = step.scale;
  if (step.offset != 0) out["zero_point"] = step.offset;
  if (!step.dims.empty()) out["dims"] = step.dims;
  if (step.layout != 0) out["layout"] = step.layout;
  if (!step.shuffle.empty()) out["shuffle"] = step.shuffle;
  if (step.d32) {
    out["padding"] = {step.d32->value, step.d32->x_begin, step.d32->y_begin,
                      step.d32->x_end, step.d32->y_end,   step.d32->d_end};
  }
  if (step.copy) {
    out["direction"] = direction_name(step.copy->direction);
    out["buffer"] = step.copy->buffer;
    out["buffer_offset"] = step.copy->offset;
  }
  return out;
}

// Whether `pack` makes the same binding from a place in a buffer alone.
bool is_plain(const program::Binding& binding, wqpc::Transfer direction) {
  if (binding.transforms.size() != 1 || !binding.transforms[0].copy) return false;
  const program::CopyDmaBuffer& copy = *binding.transforms[0].copy;
  if (copy.direction != direction) return false;
  program::Descriptor given;
  program::Descriptor made;
  given.inputs = {binding};
  made.inputs = {plain_binding(binding.name, binding.initial, copy)};
  made.inputs[0].partial_allowed = binding.partial_allowed;
  made.inputs[0].align = binding.align;
  return program::write_descriptor(given) == program::write_descriptor(made);
}

Ordered tensor_of(const program::Binding& binding, wqpc::Transfer direction) {
  Ordered out = {{"name", binding.name}, {"direction", direction_name(direction)}};
  put_format(out, binding.initial);
  if (is_plain(binding, direction)) {
    out["buffer"] = binding.transforms[0].copy->buffer;
    out["buffer_offset"] = binding.transforms[0].copy->offset;
  } else {
    Ordered far = Ordered::object();
    put_format(far, binding.transformed);
    out["transformed"] = std::move(far);
    out["transforms"] = Ordered::array();
    for (const auto& step : binding.transforms) out["transforms"].push_back(step_of(step));
  }
  if (binding.partial_allowed) out["partial"] = true;
  if (binding.align != 0) out["align"] = binding.align;
  return out;
}

}  // namespace

const char* direction_name(wqpc::Transfer direction) {
  return direction == wqpc::Transfer::in ? "in" : "out";
}

void describe_tensors(const program::Descriptor& descriptor, Ordered& out) {
  out["tensors"] = Ordered::array();
  for (const auto& b : descriptor.inputs) out["tensors"].push_back(tensor_of(b, wqpc::Transfer::in));
  for (const auto& b : descriptor.outputs) out["tensors"].push_back(tensor_of(b, wqpc::Transfer::out));
  out["allowed_shapes"] = Ordered::array();
  const auto types = shape_types(descriptor);
  for (const auto& tuple : descriptor.allowed_shapes) {
    Ordered row = Ordered::array();
    for (const auto& shape : tuple) {
      const std::uint32_t usual = row.size() < types.size() ? types[row.size()] : 0;
      row.push_back(shape.type == usual ? Ordered(shape.dims)
                                        : Ordered{{"type", type_of(shape.type)}, {"dims", shape.dims}});
    }
    out["allowed_shapes"].push_back(std::move(row));
  }
}

}  // namespace qaic::qpc
