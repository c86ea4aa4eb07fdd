#include "tools/qaic-run/bench/measurement.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>

namespace qaic::tools::run::bench {

namespace {

constexpr std::int64_t kWindowsPerRun = 20;
constexpr std::int64_t kShortestWindow = 1'000'000;
constexpr auto kShowEvery = std::chrono::milliseconds(200);

// One activation under load.
struct Lane {
  Port* port = nullptr;
  std::unique_ptr<Recorder> recorder;  // made when the lane starts
  LoopEnd end;
};

std::uint64_t share(std::uint64_t whole, std::size_t lane, std::size_t lanes) {
  return whole / lanes + (lane < whole % lanes ? 1 : 0);
}

void run_lane(Lane& lane, const Load& load, const Extent& extent, std::size_t number, std::size_t lanes,
              std::int64_t start, const std::atomic<bool>& stop) {
  const std::uint64_t count = share(extent.count, number, lanes);
  if (extent.count != 0 && count == 0) return;
  if (!load.rate) {
    lane.end = closed_loop(*lane.port, *lane.recorder, load.depth, count, &stop);
    return;
  }
  OpenLoop loop(*lane.port, *lane.recorder, Arrivals(load.arrivals, *load.rate, number, lanes, extent.seed),
                start, load.depth, count, &stop);
  lane.end = loop.run();
}

LaneResult result_of(const Recorder& recorder) {
  LaneResult result;
  const Histogram total = recorder.series().total();
  result.inferences = recorder.recorded();
  result.completed = recorder.in_time();
  if (recorder.end() != std::numeric_limits<std::int64_t>::max()) {
    result.measured_ns = recorder.end() - recorder.begin();
  }
  const auto measured = static_cast<double>(result.measured_ns);
  if (measured > 0) result.per_second = static_cast<double>(result.completed) * 1e9 / measured;
  result.p50_ns = total.quantile(0.5);
  result.p99_ns = total.quantile(0.99);
  return result;
}

// The windows that are wholly within what was measured.
std::vector<std::uint64_t> whole_windows(const WindowSeries& series, std::int64_t measured_ns) {
  std::vector<std::uint64_t> counts;
  const auto whole = static_cast<std::size_t>(measured_ns / series.width_ns());
  for (const auto ended : series.ended()) {
    if (counts.size() < whole) counts.push_back(ended);
  }
  return counts;
}

Measurement merge(const std::vector<Lane>& lanes, const Load& load, std::optional<std::size_t> failed) {
  Measurement result;
  if (failed) {
    result.error = lanes[*failed].end.error;
    result.error_lane = *failed;
  }
  result.load = load;
  std::optional<WindowSeries> series;
  // A lane that was done sooner with its share leaves the later windows to the others.
  std::int64_t shortest_ns = std::numeric_limits<std::int64_t>::max();
  std::vector<const StageSampler*> samplers;
  for (const auto& lane : lanes) {
    const Recorder& recorder = *lane.recorder;
    result.complete = result.complete && !lane.end.error && !lane.end.cut;
    result.lanes.push_back(result_of(recorder));
    result.inferences += result.lanes.back().inferences;
    result.completed += result.lanes.back().completed;
    result.per_second += result.lanes.back().per_second;
    result.unserved += lane.end.unserved;
    result.depth_reached = std::max(result.depth_reached, lane.end.depth);
    result.queue_full = result.queue_full || lane.end.queue_full;
    const std::int64_t measured_ns = result.lanes.back().measured_ns;
    result.measured_ns = std::max(result.measured_ns, measured_ns);
    if (measured_ns != 0) shortest_ns = std::min(shortest_ns, measured_ns);
    samplers.push_back(&recorder.sampler());
    if (series) {
      series->merge(recorder.series());
    } else {
      series = recorder.series();
    }
  }
  if (!series) return result;
  result.series = std::move(*series);
  const Histogram total = result.series.total();
  result.stability =
      judge_stability(whole_windows(result.series, std::min(shortest_ns, result.measured_ns)),
                      load.rate && load.arrivals == ArrivalKind::poisson ? Noise::poisson : Noise::counting,
                      load.rate ? 1 : std::max<std::size_t>(result.depth_reached * lanes.size(), 1));
  result.attribution = attribute(samplers, total);
  // A stall at the very end also leaves a few behind.
  const double arrivals = static_cast<double>(result.inferences + result.unserved);
  const bool missed = static_cast<double>(result.unserved) > 0.02 * arrivals;
  const auto activations = static_cast<double>(lanes.size());
  result.bound = bound_sentence(
      result.attribution,
      {load.rate ? Bound::Loop::open : Bound::Loop::closed, load.depth, result.per_second / activations,
       load.rate.value_or(0) / activations, missed ? Bound::Rate::missed : Bound::Rate::reached});
  return result;
}

}  // namespace

Measurement measure(const std::vector<Port*>& ports, const Load& load, const Extent& extent,
                    const ShowLive& show) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t window =
      extent.count != 0 ? kShortestWindow : std::max(extent.duration_ns / kWindowsPerRun, kShortestWindow);
  std::vector<Lane> lanes(ports.size());
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t running = ports.size();
  std::atomic<bool> stop = false;
  std::optional<std::size_t> failed;  // the first lane that did
  std::latch ready(static_cast<std::ptrdiff_t>(ports.size()));
  {
    std::vector<std::jthread> threads;
    for (std::size_t number = 0; number < ports.size(); ++number) {
      lanes[number].port = ports[number];
      threads.emplace_back([&, number] {
        Lane& lane = lanes[number];
        // Its memory is touched here, so that the first inferences need not.
        const std::int64_t made = lane.port->now();
        lane.recorder = std::make_unique<Recorder>(made, kNever, window);
        ready.arrive_and_wait();
        const std::int64_t start = lane.port->now();
        const std::int64_t begin = start + extent.warm_up_ns;
        lane.recorder->measure(begin, extent.count != 0 ? kNever : begin + extent.duration_ns);
        run_lane(lane, load, extent, number, ports.size(), start, stop);
        const std::scoped_lock lock(mutex);
        if (lane.end.error && !failed) {
          failed = number;
          stop = true;
        }
        --running;
        changed.notify_one();
      });
    }
    ready.wait();
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, kShowEvery, [&] { return running == 0; })) {
      if (!show) continue;
      Live live{&load, (std::chrono::steady_clock::now() - start).count(), 0};
      for (const auto& lane : lanes) live.recorded += lane.recorder->recorded();
      show(live);
    }
  }
  return merge(lanes, load, failed);
}

}  // namespace qaic::tools::run::bench
