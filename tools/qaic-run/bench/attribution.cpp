#include "tools/qaic-run/bench/attribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace qaic::tools::run::bench {

namespace {

constexpr std::size_t kFewestSlow = 3;

// Sums of a few samples, then their mean.
class Mean {
 public:
  void add(const Stages& stages) {
    sum_.host_ns += stages.host_ns;
    sum_.queue_ns += stages.queue_ns;
    sum_.device_ns += stages.device_ns;
    sum_.wake_up_ns += stages.wake_up_ns;
    sum_.queue_level += stages.queue_level;
    ++count_;
  }
  [[nodiscard]] Attribution result() const {
    Attribution result{count_, sum_};
    if (count_ == 0) return result;
    const auto count = static_cast<double>(count_);
    for (double* part : {&result.mean.host_ns, &result.mean.queue_ns, &result.mean.device_ns,
                         &result.mean.wake_up_ns, &result.mean.queue_level}) {
      *part /= count;
    }
    return result;
  }

 private:
  Stages sum_;
  std::size_t count_ = 0;
};

struct Part {
  const char* name;
  double nanoseconds;
};

Part largest_part(const Stages& stages) {
  const std::array<Part, 4> parts{
      {{"in the card", stages.device_ns},
       {"waiting in queues", stages.queue_ns},
       {"submitting", stages.host_ns},
       {"between the card's completion and the program's waking up", stages.wake_up_ns}}};
  return *std::max_element(parts.begin(), parts.end(),
                           [](const Part& a, const Part& b) { return a.nanoseconds < b.nanoseconds; });
}

int percent(double part, double whole) {
  return whole <= 0 ? 0 : static_cast<int>(std::lround(100 * part / whole));
}

// `busy`: on how many inferences the card works at a time, on average. A little
// above 1 is how the driver counts; far above, it works on several at once.
std::string work_text(double busy) {
  constexpr double kOverlap = 1.15;
  return busy > kOverlap ? fmt::format("on {:.1f} inferences at once", busy)
                         : fmt::format("{} % of the time", percent(busy, 1));
}

std::string closed_sentence(const Stages& mean, const Bound& bound) {
  const double busy = bound.per_second * mean.device_ns / 1e9;
  const double outside = mean.host_ns + mean.wake_up_ns;
  if (busy >= 0.85 && outside <= mean.device_ns + mean.queue_ns) {
    const bool queues = bound.depth > 1 && mean.queue_ns >= mean.device_ns / 2;
    return fmt::format("Bound by the card: it works {}, {} each{}.", work_text(busy),
                       duration_text(mean.device_ns),
                       queues ? "; more depth only makes the queue longer" : "");
  }
  const bool host = mean.host_ns > mean.wake_up_ns;
  return fmt::format(
      "Bound by the host: the card works {}; {} takes {} of an inference's {}; a larger "
      "--depth hides it.",
      work_text(busy), host ? "submitting" : "waking up after the completion",
      duration_text(host ? mean.host_ns : mean.wake_up_ns), duration_text(mean.total_ns()));
}

std::string open_sentence(const Stages& mean, const Bound& bound) {
  if (bound.rate == Bound::Rate::missed) {
    return fmt::format(
        "Overloaded: of the {:.4g} per second asked for it does {:.4g}; latencies are those of a queue "
        "that grows.",
        bound.offered_per_second, bound.per_second);
  }
  const double busy = bound.per_second * mean.device_ns / 1e9;
  const Part part = largest_part(mean);
  return fmt::format("At this rate the card works {}; of an inference's {}, {} % are spent {}.",
                     work_text(busy), duration_text(mean.total_ns()),
                     percent(part.nanoseconds, mean.total_ns()), part.name);
}

}  // namespace

std::string duration_text(double nanoseconds) {
  struct Unit {
    double size;
    const char* name;
  };
  for (const Unit unit : {Unit{1, "ns"}, Unit{1e3, "µs"}, Unit{1e6, "ms"}}) {
    const double value = nanoseconds / unit.size;
    if (value >= 999.5) continue;
    const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, unit.size == 1 ? 0 : digits, unit.name);
  }
  return fmt::format("{:.2f} s", nanoseconds / 1e9);
}

Attribution attribute(const std::vector<StageSample>& samples, std::uint64_t from_ns) {
  Mean mean;
  for (const auto& sample : samples) {
    if (sample.latency_ns >= from_ns) mean.add(sample.stages);
  }
  return mean.result();
}

TailAttribution attribute(const std::vector<const StageSampler*>& samplers, const Histogram& latencies) {
  std::vector<StageSample> all, slow;
  for (const auto* sampler : samplers) {
    all.insert(all.end(), sampler->of_all().begin(), sampler->of_all().end());
    slow.insert(slow.end(), sampler->of_slow().begin(), sampler->of_slow().end());
  }
  TailAttribution result;
  result.all = attribute(all, 0);
  for (const double fraction : {0.001, 0.01}) {
    // A quantile is its bucket's middle: the samples of that bucket count too.
    const auto from =
        Histogram::lowest(Histogram::bucket_of(static_cast<std::uint64_t>(latencies.quantile(1 - fraction))));
    result.slow = attribute(slow, from);
    result.slow_fraction = fraction;
    result.slow_from_ns = from;
    if (result.slow.samples >= kFewestSlow) break;
  }
  return result;
}

std::string bound_sentence(const TailAttribution& attribution, const Bound& bound) {
  if (attribution.all.samples == 0) return {};
  const Stages& mean = attribution.all.mean;
  return bound.loop == Bound::Loop::closed ? closed_sentence(mean, bound) : open_sentence(mean, bound);
}

std::string tail_sentence(const TailAttribution& attribution) {
  if (attribution.slow.samples == 0) return {};
  const Stages& slow = attribution.slow.mean;
  const Part part = largest_part(slow);
  return fmt::format("The slowest {:g} % (from {}): {} % of their time {}.", 100 * attribution.slow_fraction,
                     duration_text(static_cast<double>(attribution.slow_from_ns)),
                     percent(part.nanoseconds, slow.total_ns()), part.name);
}

}  // namespace qaic::tools::run::bench
