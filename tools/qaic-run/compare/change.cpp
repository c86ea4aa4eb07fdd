#include "tools/qaic-run/compare/change.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "tools/qaic-run/bench/histogram.hpp"

namespace qaic::tools::run::comparing {

namespace {

using bench::Histogram;

constexpr std::size_t kResamples = 1000;
constexpr std::size_t kFewestWindows = 6;
constexpr double kFewestBeyond = 10;

using Values = std::array<std::optional<double>, kMetrics.size()>;

double fraction_of(Metric metric) {
  switch (metric) {
    case Metric::throughput:
    case Metric::mean:
      return 0;
    case Metric::p50:
      return 0.5;
    case Metric::p90:
      return 0.9;
    case Metric::p95:
      return 0.95;
    case Metric::p99:
      return 0.99;
    case Metric::p99_9:
      return 0.999;
  }
  return 0;
}

std::optional<double> ratio_of(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b || *a <= 0) return std::nullopt;
  return *b / *a - 1;
}

// How much too narrow a bootstrap of `windows` is: it takes their variance with
// n for n - 1, and the normal distribution for Student's t. The quantile of t is
// Cornish and Fisher's expansion, Abramowitz and Stegun 26.7.5, off by less than
// 1 % from 5 degrees of freedom on.
double widening(std::size_t windows) {
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(windows);
  const double degrees = n - 1;
  const double t = z + (std::pow(z, 3) + z) / (4 * degrees) +
                   (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / (96 * degrees * degrees);
  return t / z * std::sqrt(n / degrees);
}

// The windows of a run, with the buckets that occur numbered from 0.
class Sampled {
 public:
  explicit Sampled(const SavedPoint& point) {
    std::map<std::uint32_t, std::size_t> places;
    for (const auto& window : point.windows) {
      for (const auto& [bucket, count] : window.buckets) places.emplace(bucket, 0);
    }
    for (auto& [bucket, place] : places) {
      place = lowest_.size();
      lowest_.push_back(static_cast<double>(Histogram::lowest(bucket)));
      width_.push_back(static_cast<double>(Histogram::highest(bucket)) + 1 - lowest_.back());
    }
    for (const auto& window : point.windows) {
      Window& own = windows_.emplace_back();
      own.length_s = window.whole ? static_cast<double>(window.length_ns) / 1e9 : 0;
      own.inferences = static_cast<double>(window.inferences);
      own.completed = static_cast<double>(window.completed);
      total_ += own.inferences;
      for (const auto& [bucket, count] : window.buckets) own.counts.emplace_back(places.at(bucket), count);
    }
    counts_.resize(lowest_.size());
  }

  [[nodiscard]] std::size_t windows() const { return windows_.size(); }
  [[nodiscard]] double inferences() const { return total_; }

  // Of the run as it was.
  [[nodiscard]] Values observed() {
    begin();
    for (const auto& window : windows_) add(window);
    return end();
  }
  // Of as many windows drawn from it, each with all others left in.
  [[nodiscard]] Values resampled(std::mt19937_64& random) {
    begin();
    for (std::size_t i = 0; i < windows_.size(); ++i) add(windows_[random() % windows_.size()]);
    return end();
  }

 private:
  struct Window {
    double length_s = 0;  // 0: says nothing about throughput
    double inferences = 0;
    double completed = 0;
    std::vector<std::pair<std::size_t, std::uint32_t>> counts;
  };

  void begin() {
    std::fill(counts_.begin(), counts_.end(), 0);
    drawn_ = seconds_ = in_seconds_ = 0;
  }
  void add(const Window& window) {
    for (const auto& [place, count] : window.counts) counts_[place] += count;
    drawn_ += window.inferences;
    seconds_ += window.length_s;
    if (window.length_s > 0) in_seconds_ += window.completed;
  }
  [[nodiscard]] Values end() const {
    Values values;
    double sum = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) sum += counts_[i] * (lowest_[i] + width_[i] / 2);
    std::size_t place = 0;
    double below = 0;
    for (std::size_t i = 0; i < kMetrics.size(); ++i) {
      switch (kMetrics[i]) {
        case Metric::throughput:
          if (seconds_ > 0) values[i] = in_seconds_ / seconds_;
          break;
        case Metric::mean:
          if (drawn_ > 0) values[i] = sum / drawn_;
          break;
        case Metric::p50:
        case Metric::p90:
        case Metric::p95:
        case Metric::p99:
        case Metric::p99_9: {
          if (drawn_ == 0) break;
          // Within a bucket as if they were spread evenly; fractions grow.
          const double rank = fraction_of(kMetrics[i]) * drawn_;
          while (place + 1 < counts_.size() && below + counts_[place] < rank) below += counts_[place++];
          const double part = counts_[place] > 0 ? (rank - below) / counts_[place] : 0;
          values[i] = lowest_[place] + width_[place] * std::clamp(part, 0.0, 1.0);
          break;
        }
      }
    }
    return values;
  }

  std::vector<double> lowest_, width_;  // of the buckets that occur
  std::vector<Window> windows_;
  double total_ = 0;
  std::vector<double> counts_;  // of what is drawn
  double drawn_ = 0, seconds_ = 0, in_seconds_ = 0;
};

}  // namespace

std::string_view metric_name(Metric metric) {
  switch (metric) {
    case Metric::throughput:
      return "throughput";
    case Metric::mean:
      return "mean";
    case Metric::p50:
      return "p50";
    case Metric::p90:
      return "p90";
    case Metric::p95:
      return "p95";
    case Metric::p99:
      return "p99";
    case Metric::p99_9:
      return "p99.9";
  }
  return "";
}

std::vector<Change> changes_of(const SavedPoint& a, const SavedPoint& b) {
  Sampled from(a), to(b);
  const Values before = from.observed(), after = to.observed();
  std::mt19937_64 random(1);
  std::array<std::vector<double>, kMetrics.size()> ratios;
  const bool enough = std::min(from.windows(), to.windows()) >= kFewestWindows;
  for (std::size_t n = 0; enough && n < kResamples; ++n) {
    const Values one = from.resampled(random), other = to.resampled(random);
    for (std::size_t i = 0; i < kMetrics.size(); ++i) {
      if (const auto ratio = ratio_of(one[i], other[i])) ratios[i].push_back(*ratio);
    }
  }
  std::vector<Change> changes;
  for (std::size_t i = 0; i < kMetrics.size(); ++i) {
    Change& change = changes.emplace_back();
    change.a = before[i];
    change.b = after[i];
    change.ratio = ratio_of(before[i], after[i]);
    const double beyond = std::min(from.inferences(), to.inferences()) * (1 - fraction_of(kMetrics[i]));
    auto& all = ratios[i];
    if (all.size() < kResamples || beyond < kFewestBeyond || !change.ratio) continue;
    std::sort(all.begin(), all.end());
    const double low = all[kResamples * 25 / 1000], high = all[kResamples * 975 / 1000 - 1];
    const double wider = widening(std::min(from.windows(), to.windows()));
    change.interval = {*change.ratio + (low - *change.ratio) * wider,
                       *change.ratio + (high - *change.ratio) * wider};
  }
  return changes;
}

}  // namespace qaic::tools::run::comparing
