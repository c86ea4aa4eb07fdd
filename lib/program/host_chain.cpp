#include "lib/program/host_chain.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/program/checks.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using base::fail;
using qpc::DataType;
using transform::Chain;
using transform::Elementwise;
using transform::Permutation;

constexpr auto kCopy = static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer);
constexpr std::uint32_t kFlat = 0;  // layout FlatNXYD
constexpr std::size_t kMaxDims = 8;

base::Error refusal(std::string why) {
  return base::make_error(base::ErrorKind::unsupported, "tensor-transform", std::move(why),
                          "compile the program so that its tensors are in the form the network takes");
}

DataType type_of(const IoFormat& format) {
  return static_cast<DataType>(format.type);
}

// A dim of zero counts as none, as for sizes.
std::uint64_t length(std::int32_t dim) {
  return dim == 0 ? 1 : static_cast<std::uint64_t>(dim);
}

bool same_dims(const IoFormat& a, const IoFormat& b) {
  return std::ranges::equal(a.dims, b.dims, {}, length, length);
}

bool differs(float a, float b) {
  return !(a <= b && a >= b);
}

bool is_usable_scale(float scale) {
  return std::isfinite(scale) && scale > 0;
}

// A tensor on its way, with its bytes.
struct Form {
  IoFormat format;
  std::size_t bytes = 0;

  [[nodiscard]] std::size_t count() const { return bytes / transform::size_of(type_of(format)); }
};

base::Result<Form> form_of(const IoFormat& format, const std::string& what) {
  const auto bytes = byte_size(format);
  if (!bytes || format.dims.size() > kMaxDims) return fail(refusal(what + " has no size that is known"));
  return Form{format, *bytes};
}

// The quantised side's, which must be able to stand for numbers.
base::Result<transform::Quantisation> quantisation_of(const IoFormat& format) {
  if (!is_usable_scale(format.scale)) {
    return fail(refusal("a scale of " + std::to_string(format.scale)));
  }
  return transform::Quantisation{format.scale, format.offset};
}

base::Result<void> add_elements(Chain& chain, const Form& from, const Form& to, transform::ElementLoop loop,
                                transform::Quantisation quantisation) {
  if (loop == nullptr) {
    return fail(refusal("from " + std::string(data_type_name(from.format.type)) + " to " +
                        std::string(data_type_name(to.format.type)) +
                        ", of which it is not known what becomes of every number"));
  }
  if (!same_dims(from.format, to.format)) return fail(refusal("it changes the dims"));
  if (from.format.layout != to.format.layout) return fail(refusal("it changes the layout"));
  chain.add(Elementwise{loop, from.count(), quantisation}, to.bytes);
  return {};
}

// Quantised numbers that are kept mean others with another scale or offset.
base::Result<void> check_meaning(const Form& from, const Form& to) {
  if (!transform::is_quantised(type_of(from.format)) || from.format.type != to.format.type) return {};
  if (!differs(from.format.scale, to.format.scale) && from.format.offset == to.format.offset) return {};
  return fail(refusal("it changes the quantisation"));
}

base::Result<void> add_convert(Chain& chain, const Form& from, const Form& to) {
  QAIC_CHECK(check_meaning(from, to));
  return add_elements(chain, from, to, transform::convert_loop(type_of(from.format), type_of(to.format)), {});
}

base::Result<void> add_quantize(Chain& chain, const Form& from, const Form& to) {
  QAIC_TRY(const auto quantisation, quantisation_of(to.format));
  return add_elements(chain, from, to, transform::quantize_loop(type_of(from.format), type_of(to.format)),
                      quantisation);
}

// The numbers are those of what is dequantised. A step that names others (a
// float has none, 0 and 1 are how that is written) would be a second opinion.
base::Result<void> add_dequantize(Chain& chain, const Form& from, const Form& to) {
  QAIC_TRY(const auto quantisation, quantisation_of(from.format));
  const float scale = to.format.scale;
  if ((differs(scale, 0) && differs(scale, 1) && differs(scale, from.format.scale)) ||
      (to.format.offset != 0 && to.format.offset != from.format.offset)) {
    return fail(refusal("it names a scale or offset that the tensor does not have"));
  }
  return add_elements(chain, from, to, transform::dequantize_loop(type_of(from.format), type_of(to.format)),
                      quantisation);
}

// Axis i of the result is axis shuffle[i] of what it is made from [the word is
// Glow's, whose transposition is so; the dims that the step names confirm it].
base::Result<void> add_transpose(Chain& chain, const Form& from, const Form& to,
                                 const std::vector<std::int32_t>& shuffle) {
  const std::size_t rank = from.format.dims.size();
  std::vector<bool> seen(rank);
  for (const std::int32_t axis : shuffle) {
    if (axis < 0 || static_cast<std::size_t>(axis) >= rank || seen[static_cast<std::size_t>(axis)]) {
      return fail(refusal("its shuffle is no permutation of " + number(rank) + " axes"));
    }
    seen[static_cast<std::size_t>(axis)] = true;
  }
  if (shuffle.size() != rank) {
    return fail(refusal("its shuffle is no permutation of " + number(rank) + " axes"));
  }
  if (from.format.type != to.format.type) return fail(refusal("it changes the type"));
  QAIC_CHECK(check_meaning(from, to));
  if (from.format.layout != kFlat || to.format.layout != kFlat)
    return fail(refusal("of another layout than flat_nxyd"));
  std::vector<std::uint64_t> strides(rank, 1);
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * length(from.format.dims[i]);
  std::vector<Permutation::Axis> axes;
  for (std::size_t i = 0; i < rank; ++i) {
    const auto axis = static_cast<std::size_t>(shuffle[i]);
    axes.push_back({length(from.format.dims[axis]), strides[axis]});
    if (to.format.dims.size() != rank || axes.back().size != length(to.format.dims[i])) {
      return fail(refusal("its dims are not the shuffled ones"));
    }
  }
  chain.add(Permutation(axes, transform::size_of(type_of(from.format))), to.bytes);
  return {};
}

base::Result<void> add_step(Chain& chain, const Form& from, const Form& to, const TransformStep& step) {
  switch (static_cast<qpc::Transform>(step.kind)) {
    case qpc::Transform::convert:
      return add_convert(chain, from, to);
    case qpc::Transform::quantize:
      return add_quantize(chain, from, to);
    case qpc::Transform::dequantize:
      return add_dequantize(chain, from, to);
    case qpc::Transform::transpose:
      return add_transpose(chain, from, to, step.shuffle);
    case qpc::Transform::convert_to_d32:
    case qpc::Transform::convert_from_d32: {
      const std::uint32_t tiled = step.kind == static_cast<std::uint32_t>(qpc::Transform::convert_to_d32)
                                      ? to.format.layout
                                      : from.format.layout;
      return fail(refusal("layout " + layout_text(tiled) +
                          ", of which the order of elements in a tile is not known"));
    }
    case qpc::Transform::copy_dma_buffer:
      return fail(refusal("a second copy"));
  }
  return fail(refusal("a kind that is not known"));
}

// What is reached, against what the binding says is.
base::Result<void> check_end(const IoFormat& reached, const IoFormat& said) {
  if (reached.type != said.type || reached.layout != said.layout || !same_dims(reached, said) ||
      (transform::is_quantised(type_of(said)) &&
       (differs(reached.scale, said.scale) || reached.offset != said.offset))) {
    return fail(refusal("the steps do not end in the format io_transformed"));
  }
  return {};
}

std::string kind_text(std::uint32_t kind) {
  const auto name = transform_name(kind);
  return name.empty() ? "kind " + number(kind) : std::string(name);
}

}  // namespace

bool is_copied_only(const Binding& binding) {
  return binding.transforms.size() == 1 && binding.transforms[0].kind == kCopy && binding.transforms[0].copy;
}

base::Result<Chain> compile_chain(const Binding& binding, qpc::Transfer direction) {
  const auto& steps = binding.transforms;
  if (steps.empty()) return fail(refusal("no transform at all, not even a copy"));
  const std::size_t copy = direction == qpc::Transfer::in ? steps.size() - 1 : 0;
  if (steps[copy].kind != kCopy || !steps[copy].copy) {
    return fail(refusal(direction == qpc::Transfer::in ? "the last step is no copy to a DMA buffer"
                                                       : "the first step is no copy from a DMA buffer"));
  }
  QAIC_TRY(Form at, form_of(binding.initial, "io_initial"));
  Chain chain(at.bytes);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i == copy) continue;
    const TransformStep& step = steps[i];
    const std::string name = kind_text(step.kind) + " (step " + number(i) + "): ";
    QAIC_TRY(Form next,
             form_of({step.type, step.scale, step.offset, step.dims, step.layout}, name + "its result"));
    if (auto added = add_step(chain, at, next, step); !added) {
      added.error().what.insert(0, name);
      return fail(std::move(added.error()));
    }
    if (binding.partial_allowed && step.kind == static_cast<std::uint32_t>(qpc::Transform::transpose)) {
      return fail(refusal(name + "the tensor may be given in part"));  // it would come to lie everywhere
    }
    at = std::move(next);
  }
  QAIC_CHECK(check_end(at.format, binding.transformed));
  if (!chain.scratch_size()) return fail(refusal("the tensor has no size that is known"));
  return chain;
}

}  // namespace qaic::program
