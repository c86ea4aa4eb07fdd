// Whether a run was steady enough for its figures to mean something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qaic::tools::run::bench {

// How much the number of inferences per window would vary anyway.
enum class Noise {
  counting,  // a window cuts off at either end at most what may end together
  poisson,   // arrivals are random: as much as its own mean
};

struct Stability {
  enum class Verdict { stable, not_stable, too_short };
  Verdict verdict = Verdict::too_short;
  std::size_t windows = 0;
  double variation = 0;  // standard deviation of the windows' throughput, over its mean
  double allowed = 0;    // the verdict's bound for it: 5 %, and the noise
  double drift = 0;      // second half against the first, over the mean
};

inline constexpr double kAllowedVariation = 0.05;
inline constexpr double kAllowedDrift = 0.05;

// `counts`: inferences that ended in each of some windows of equal length;
// `together`: so many may end at the same time, as all that are in flight do
// when the card works on them at once. Not
// stable: they vary by more than allowed, or the halves differ by more than
// kAllowedDrift and three of their standard errors. Too short: fewer than 6
// windows, or fewer than 5 inferences per window.
[[nodiscard]] Stability judge_stability(std::span<const std::uint64_t> counts, Noise noise,
                                        std::size_t together = 1);

}  // namespace qaic::tools::run::bench
