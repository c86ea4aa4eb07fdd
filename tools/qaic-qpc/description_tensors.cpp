#include "tools/qaic-qpc/description_tensors.hpp"

#include <algorithm>
#include <cmath>

namespace qaic::qpc {
namespace {

namespace wqpc = wire::qpc;
using wqpc::Transfer;

constexpr auto kCopy = static_cast<std::uint32_t>(wqpc::Transform::copy_dma_buffer);

std::uint32_t data_type(const ObjectReader& object, std::string_view key) {
  if (object.at(key).is_number()) return object.number<std::uint32_t>(key);  // one that has no name here
  const std::string type = object.text(key);
  const auto number = program::data_type_from_name(type);
  if (!number) object.refuse(key, "'" + type + "' is not a data type");
  return *number;
}

float scale(const ObjectReader& object, float otherwise) {
  const auto value = static_cast<float>(object.real("scale", static_cast<double>(otherwise)));
  if (!std::isfinite(value)) object.refuse("scale", "is out of range");
  return value;
}

program::IoFormat read_format(const ObjectReader& object) {
  program::IoFormat out;
  out.type = data_type(object, "type");
  out.scale = scale(object, 1.0F);
  out.offset = object.number<std::int32_t>("zero_point", 0);
  (void)object.at("dims");
  out.dims = object.numbers<std::int32_t>("dims");
  out.layout = object.number<std::uint32_t>("layout", 0);
  return out;
}

std::uint32_t transform_kind(const ObjectReader& step) {
  if (step.at("kind").is_number()) return step.number<std::uint32_t>("kind");
  const std::string name = step.text("kind");
  for (std::uint32_t kind = 0; kind <= kCopy; ++kind) {
    if (program::transform_name(kind) == name) return kind;
  }
  step.refuse("kind", "'" + name + "' is not a transform");
}

program::TransformStep read_step(const Json& item, const std::string& path, const BufferNames& buffers) {
  const ObjectReader object(item, path,
                            {"kind", "type", "scale", "zero_point", "dims", "layout", "shuffle", "padding",
                             "direction", "buffer", "buffer_offset"});
  program::TransformStep out;
  out.kind = transform_kind(object);
  out.type = object.has("type") ? data_type(object, "type") : 0;
  out.scale = scale(object, 0);
  out.offset = object.number<std::int32_t>("zero_point", 0);
  out.dims = object.numbers<std::int32_t>("dims");
  out.layout = object.number<std::uint32_t>("layout", 0);
  out.shuffle = object.numbers<std::int32_t>("shuffle");
  if (object.has("padding")) {
    const auto p = object.numbers<std::int32_t>("padding");
    if (p.size() != 6) object.refuse("padding", "is not six numbers");
    out.d32 = program::D32Padding{p[0], p[1], p[2], p[3], p[4], p[5]};
  }
  if (object.has("buffer")) {
    out.copy = program::CopyDmaBuffer{direction(object, "direction"),
                                      object.number<std::uint32_t>("buffer_offset", 0),
                                      buffers.find(object, "buffer")};
  } else if (out.kind == kCopy) {
    object.refuse("buffer", "is missing");
  }
  return out;
}

// A tensor that is told step by step.
program::Binding read_steps(const ObjectReader& tensor, const std::string& path, const BufferNames& buffers,
                            const std::string& name) {
  program::Binding out;
  out.name = name;
  out.initial = read_format(tensor);
  out.transformed = out.initial;
  if (tensor.has("transformed")) {
    out.transformed = read_format(ObjectReader(tensor.at("transformed"), path + "/transformed",
                                               {"type", "scale", "zero_point", "dims", "layout"}));
  }
  for_each(tensor, "transforms", [&](const Json& step, const std::string& where) {
    out.transforms.push_back(read_step(step, where, buffers));
  });
  return out;
}

}  // namespace

Transfer direction(const ObjectReader& object, std::string_view key) {
  return object.word<Transfer>(key, {{"in", Transfer::in}, {"out", Transfer::out}});
}

std::uint32_t BufferNames::find(const ObjectReader& object, std::string_view key) const {
  const Json& value = object.at(key);
  if (!value.is_string()) {
    const auto index = object.number<std::uint32_t>(key);
    if (index >= names.size()) object.refuse(key, "is not the number of a buffer");
    return index;
  }
  const auto it = std::ranges::find(names, value.get_ref<const std::string&>());
  if (it == names.end()) object.refuse(key, "is not the name of a buffer");
  return static_cast<std::uint32_t>(it - names.begin());
}

BufferNames read_buffers(const ObjectReader& root, program::Descriptor& out) {
  BufferNames result;
  for_each(root, "buffers", [&](const Json& item, const std::string& path) {
    const ObjectReader buffer(item, path, {"name", "size", "direction"});
    out.dma_buffers.push_back({buffer.number<std::uint32_t>("size"), direction(buffer, "direction")});
    result.names.push_back(buffer.has("name") ? buffer.text("name") : std::string{});
  });
  return result;
}

program::Binding plain_binding(const std::string& name, const program::IoFormat& format,
                               const program::CopyDmaBuffer& copy) {
  program::Binding out;
  out.name = name;
  out.initial = out.transformed = format;
  program::TransformStep step;
  step.kind = kCopy;
  step.type = format.type;
  step.scale = format.scale;
  step.offset = format.offset;
  step.dims = format.dims;
  step.copy = copy;
  out.transforms.push_back(std::move(step));
  return out;
}

void read_tensors(const ObjectReader& root, const BufferNames& buffers, program::Descriptor& out) {
  for_each(root, "tensors", [&](const Json& item, const std::string& path) {
    const ObjectReader tensor(item, path,
                              {"name", "direction", "type", "dims", "scale", "zero_point", "layout", "buffer",
                               "buffer_offset", "partial", "align", "transformed", "transforms"});
    const std::string name = tensor.text("name");
    program::Binding binding;
    Transfer way = Transfer::in;
    if (tensor.has("transforms")) {
      if (tensor.has("buffer")) tensor.refuse("buffer", "and 'transforms' cannot both be given");
      binding = read_steps(tensor, path, buffers, name);
      way = direction(tensor, "direction");
    } else {
      const program::IoFormat format = read_format(tensor);
      program::CopyDmaBuffer copy;
      copy.buffer = buffers.find(tensor, "buffer");
      copy.direction = way = out.dma_buffers[copy.buffer].direction;
      if (tensor.has("direction") && direction(tensor, "direction") != way) {
        tensor.refuse("direction", "is not that of its buffer");
      }
      copy.offset = tensor.number<std::uint32_t>("buffer_offset", 0);
      binding = plain_binding(name, format, copy);
    }
    binding.partial_allowed = tensor.flag("partial");
    binding.align = tensor.number<std::uint32_t>("align", 0);
    (way == Transfer::in ? out.inputs : out.outputs).push_back(std::move(binding));
  });
}

std::vector<std::uint32_t> shape_types(const program::Descriptor& descriptor) {
  std::vector<std::uint32_t> types;
  for (const auto& input : descriptor.inputs) types.push_back(input.initial.type);
  for (const auto& output : descriptor.outputs) types.push_back(output.transformed.type);
  return types;
}

void read_shapes(const ObjectReader& root, program::Descriptor& out) {
  const auto types = shape_types(out);
  std::size_t index = 0;
  for (const auto& item : root.list("allowed_shapes")) {
    const std::string path = root.path("allowed_shapes") + "/" + std::to_string(index++);
    if (!item.is_array()) throw DescriptionError{path + " is no list"};
    std::vector<program::TensorShape> tuple;
    for (const auto& entry : item) {
      const std::string where = path + "/" + std::to_string(tuple.size());
      program::TensorShape shape;
      shape.type = tuple.size() < types.size() ? types[tuple.size()] : 0;
      if (entry.is_object()) {
        const ObjectReader object(entry, where, {"type", "dims"});
        shape.type = data_type(object, "type");
        shape.dims = object.numbers<std::int32_t>("dims");
        tuple.push_back(std::move(shape));
        continue;
      }
      const Json& dims = entry;
      if (!dims.is_array()) throw DescriptionError{where + " is no list"};
      for (const auto& dim : dims) shape.dims.push_back(ObjectReader::narrow<std::int32_t>(dim, where));
      tuple.push_back(std::move(shape));
    }
    out.allowed_shapes.push_back(std::move(tuple));
  }
}

}  // namespace qaic::qpc
