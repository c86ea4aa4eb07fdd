// Elements in another order. Pure functions; safe to use from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace qaic::transform {

// The elements of a row-major tensor, in the order of a walk over some axes of
// it, the last one fastest: each element once. Made from axes, so that any
// transposition is one.
class Permutation {
 public:
  static constexpr std::size_t kMostAxes = 16;

  struct Axis {
    std::uint64_t size = 1;    // not 0
    std::uint64_t stride = 0;  // in what is read; elements as given, bytes as kept
  };

  // At most kMostAxes axes. `element` is an element's bytes. The sizes' product
  // is how many elements there are, and its bytes must be a number.
  Permutation(std::span<const Axis> axes, std::size_t element);

  // `out` is as large as `in`; they share no bytes.
  void run(const std::byte* in, std::byte* out) const;

 private:
  template <std::size_t Unit>
  void run_units(const std::byte* in, std::byte* out) const;

  // Axes that are one walk are one axis; what lies together is one unit.
  std::array<Axis, kMostAxes> axes_{};
  std::size_t count_ = 0;
  std::size_t unit_ = 0;  // bytes
};

}  // namespace qaic::transform
