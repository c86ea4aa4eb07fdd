#include "lib/transform/chain.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/checked.hpp"

namespace qaic::transform {
namespace {

// Of an elementwise step, `most` elements at most.
void run_step(const Chain::Step& step, std::size_t most, const std::byte* in, std::byte* out) {
  if (const auto* elements = std::get_if<Elementwise>(&step)) {
    elements->loop(in, out, std::min(most, elements->count), elements->quantisation);
  } else {
    std::get_if<Permutation>(&step)->run(in, out);
  }
}

}  // namespace

void Chain::add(Step step, std::size_t bytes) {
  steps_.push_back(std::move(step));
  sizes_.push_back(bytes);
}

std::size_t Chain::largest_between() const {
  if (steps_.size() < 2) return 0;
  return *std::max_element(sizes_.begin() + 1, sizes_.end() - 1);
}

std::optional<std::size_t> Chain::scratch_size() const {
  // What a step reads and what it writes, in turn.
  return base::checked_multiply<std::size_t>(largest_between(), steps_.size() > 2 ? 2 : 1);
}

bool Chain::fit(base::Bytes in, base::MutableBytes out, base::MutableBytes scratch) const {
  const auto needed = scratch_size();
  return in.size() >= input_size() && out.size() >= output_size() && needed && scratch.size() >= *needed;
}

bool Chain::run(base::Bytes in, base::MutableBytes out, base::MutableBytes scratch) const {
  if (!fit(in, out, scratch)) return false;
  if (steps_.empty() && input_size() != 0) std::memcpy(out.data(), in.data(), input_size());
  run_steps(std::numeric_limits<std::size_t>::max(), in, out, scratch);
  return true;
}

bool Chain::run_first(std::size_t elements, base::Bytes in, base::MutableBytes out,
                      base::MutableBytes scratch) const {
  const auto keeps_order = [](const Step& step) { return std::holds_alternative<Elementwise>(step); };
  if (!fit(in, out, scratch) || steps_.empty() || !std::ranges::all_of(steps_, keeps_order)) return false;
  run_steps(elements, in, out, scratch);
  return true;
}

void Chain::run_steps(std::size_t elements, base::Bytes in, base::MutableBytes out,
                      base::MutableBytes scratch) const {
  const std::byte* from = in.data();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    std::byte* to = i + 1 == steps_.size() ? out.data() : scratch.data() + (i % 2) * largest_between();
    run_step(steps_[i], elements, from, to);
    from = to;
  }
}

}  // namespace qaic::transform
