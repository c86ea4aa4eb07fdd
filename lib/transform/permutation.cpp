#include "lib/transform/permutation.hpp"

#include <cstring>

namespace qaic::transform {

Permutation::Permutation(std::span<const Axis> axes, std::size_t element) : unit_(element) {
  for (const Axis& axis : axes) {
    if (axis.size == 1) continue;
    const Axis added{axis.size, axis.stride * element};
    // The one before steps over just this one.
    if (count_ != 0 && axes_[count_ - 1].stride == added.size * added.stride) {
      axes_[count_ - 1].size *= added.size;
      axes_[count_ - 1].stride = added.stride;
    } else {
      axes_[count_++] = added;
    }
  }
  if (count_ != 0 && axes_[count_ - 1].stride == unit_) unit_ *= axes_[--count_].size;
}

// Unit 0: of a size that is known only now.
template <std::size_t Unit>
void Permutation::run_units(const std::byte* in, std::byte* out) const {
  const std::size_t unit = Unit == 0 ? unit_ : Unit;
  const Axis inner = count_ == 0 ? Axis{} : axes_[count_ - 1];
  const std::size_t outer = count_ == 0 ? 0 : count_ - 1;
  std::array<std::uint64_t, kMostAxes> at{};
  for (;;) {
    for (std::uint64_t i = 0; i < inner.size; ++i, out += unit) {
      std::memcpy(out, in + i * inner.stride, unit);
    }
    std::size_t axis = outer;
    for (; axis != 0; --axis) {
      const Axis& turned = axes_[axis - 1];
      in += turned.stride;
      if (++at[axis - 1] != turned.size) break;
      at[axis - 1] = 0;
      in -= turned.size * turned.stride;
    }
    if (axis == 0) return;
  }
}

void Permutation::run(const std::byte* in, std::byte* out) const {
  switch (unit_) {
    case 1:
      return run_units<1>(in, out);
    case 2:
      return run_units<2>(in, out);
    case 4:
      return run_units<4>(in, out);
    case 8:
      return run_units<8>(in, out);
    default:
      return run_units<0>(in, out);
  }
}

}  // namespace qaic::transform
