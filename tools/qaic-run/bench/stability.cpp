#include "tools/qaic-run/bench/stability.hpp"

#include <cmath>

namespace qaic::tools::run::bench {

namespace {

constexpr std::size_t kFewestWindows = 6;
constexpr double kFewestPerWindow = 5;

double mean_of(std::span<const std::uint64_t> counts) {
  double sum = 0;
  for (const auto count : counts) sum += static_cast<double>(count);
  return counts.empty() ? 0 : sum / static_cast<double>(counts.size());
}

}  // namespace

Stability judge_stability(std::span<const std::uint64_t> counts, Noise noise, std::size_t together) {
  Stability result;
  result.windows = counts.size();
  const double mean = mean_of(counts);
  if (counts.size() < 2 || mean == 0) return result;
  double squares = 0;
  for (const auto count : counts) {
    const double off = static_cast<double>(count) - mean;
    squares += off * off;
  }
  const auto windows = static_cast<double>(counts.size());
  const double deviation = std::sqrt(squares / (windows - 1));
  result.variation = deviation / mean;
  const double unavoidable =
      noise == Noise::poisson ? 1 / std::sqrt(mean) : 0.5 * static_cast<double>(together) / mean;
  // Twice the noise: with few windows it is seldom exactly what it should be.
  result.allowed = std::hypot(kAllowedVariation, 2 * unavoidable);
  const std::size_t half = counts.size() / 2;
  result.drift = (mean_of(counts.last(half)) - mean_of(counts.first(half))) / mean;
  if (counts.size() < kFewestWindows || mean < kFewestPerWindow) return result;
  const double error_of_halves = result.variation * 2 / std::sqrt(windows);
  const bool drifts = std::abs(result.drift) > kAllowedDrift && std::abs(result.drift) > 3 * error_of_halves;
  result.verdict = result.variation > result.allowed || drifts ? Stability::Verdict::not_stable
                                                               : Stability::Verdict::stable;
  return result;
}

}  // namespace qaic::tools::run::bench
