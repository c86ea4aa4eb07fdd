// Transforms of a tensor one after another: compiled once, then run for every
// inference without allocating. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "lib/transform/elements.hpp"
#include "lib/transform/permutation.hpp"

namespace qaic::transform {

// Every element by itself.
struct Elementwise {
  ElementLoop loop = nullptr;
  std::size_t count = 0;  // elements
  Quantisation quantisation;
};

class Chain {
 public:
  using Step = std::variant<Elementwise, Permutation>;

  // Of what it is given, `bytes` of it. It copies while it has no steps.
  explicit Chain(std::size_t bytes = 0) : sizes_{bytes} {}
  // Appends a step whose result has `bytes`. It must take what the steps before
  // it give.
  void add(Step step, std::size_t bytes);

  [[nodiscard]] std::size_t steps() const { return steps_.size(); }
  [[nodiscard]] std::size_t input_size() const { return sizes_.front(); }  // bytes
  [[nodiscard]] std::size_t output_size() const { return sizes_.back(); }
  // Bytes that a run needs beside; nothing if that is no number.
  [[nodiscard]] std::optional<std::size_t> scratch_size() const;

  // From `in` to `out`, which are of the sizes above and share no bytes with
  // each other or with `scratch`. False, and nothing done, if one is smaller.
  [[nodiscard]] bool run(base::Bytes in, base::MutableBytes out, base::MutableBytes scratch) const;
  // The first `elements` alone, or all if there are not so many, in memory of the same
  // sizes. False besides if there is no step that knows elements, or one that puts
  // them elsewhere.
  [[nodiscard]] bool run_first(std::size_t elements, base::Bytes in, base::MutableBytes out,
                               base::MutableBytes scratch) const;

 private:
  void run_steps(std::size_t elements, base::Bytes in, base::MutableBytes out,
                 base::MutableBytes scratch) const;
  [[nodiscard]] bool fit(base::Bytes in, base::MutableBytes out, base::MutableBytes scratch) const;
  [[nodiscard]] std::size_t largest_between() const;

  std::vector<Step> steps_;
  std::vector<std::size_t> sizes_;  // before, between and behind the steps
};

}  // namespace qaic::transform
