#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/qaic-run/bench/report.hpp"
#include "tools/qaic-run/bench/svg.hpp"

namespace qaic::tools::run::bench {

namespace {

constexpr double kWidth = 960, kHeight = 700;
constexpr double kChartWidth = 370, kChartHeight = 210;
constexpr double kLeft = 80, kRight = 550, kUpper = 110, kLower = 430;
// Told apart by those who see colours differently (Okabe and Ito).
constexpr std::array<const char*, 7> kColors{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#000000"};

std::string color(std::size_t i) {
  return kColors[i % kColors.size()];
}

std::string label(const BenchReport& report, const Load& load) {
  if (!load.rate) return fmt::format("depth {}", load.depth);
  return fmt::format("{:g}/s", *load.rate) +
         (depths_differ(report) ? fmt::format(", depth {}", load.depth) : "");
}

std::string short_number(double value) {
  return value >= 1e6   ? fmt::format("{:g} M", value / 1e6)
         : value >= 1e4 ? fmt::format("{:g} k", value / 1e3)
                        : fmt::format("{:g}", value);
}

// Of a round number on an axis: "50 µs".
std::string tick_text(double nanoseconds) {
  return nanoseconds >= 1e9   ? fmt::format("{:g} s", nanoseconds / 1e9)
         : nanoseconds >= 1e6 ? fmt::format("{:g} ms", nanoseconds / 1e6)
         : nanoseconds >= 1e3 ? fmt::format("{:g} µs", nanoseconds / 1e3)
                              : fmt::format("{:g} ns", nanoseconds);
}

// Latency at each quantile; across, every tick is another nine.
void draw_quantiles(Svg& svg, const BenchReport& report) {
  Chart chart(svg, kLeft, kUpper, kChartWidth, kChartHeight, "Latency that so many stay below");
  double low = 1e18, high = 1;
  std::uint64_t most = 10;
  for (const auto& point : report.points) {
    const Histogram total = point.series.total();
    low = std::min(low, static_cast<double>(total.smallest()));
    high = std::max(high, static_cast<double>(total.largest()));
    most = std::max(most, total.count());
  }
  Axis across;
  across.high = std::max(std::log10(static_cast<double>(most)), 2.0);
  across.ticks = {{0, "0"}, {std::log10(2.0), "50 %"}};
  const std::array<const char*, 7> nines{"", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"};
  for (std::size_t i = 1; i < nines.size() && static_cast<double>(i) <= across.high; ++i) {
    across.ticks.emplace_back(static_cast<double>(i), nines[i]);
  }
  chart.axes(across, log_axis(std::max(low, 1.0), high, tick_text));
  for (std::size_t i = 0; i < report.points.size(); ++i) {
    const Histogram total = report.points[i].series.total();
    const double end = std::log10(static_cast<double>(std::max<std::uint64_t>(total.count(), 1)));
    std::vector<std::pair<double, double>> values;
    for (double at = 0; at < end; at += 0.02) values.emplace_back(at, total.quantile(1 - std::pow(10, -at)));
    values.emplace_back(end, static_cast<double>(total.largest()));
    chart.curve(values, color(i));
  }
}

void draw_throughput(Svg& svg, const BenchReport& report) {
  Chart chart(svg, kRight, kUpper, kChartWidth, kChartHeight, "Inferences per second");
  double high = 0;
  Axis across;
  across.high = static_cast<double>(report.points.size());
  for (std::size_t i = 0; i < report.points.size(); ++i) {
    high = std::max({high, report.points[i].per_second, report.points[i].load.rate.value_or(0)});
    across.ticks.emplace_back(static_cast<double>(i) + 0.5, label(report, report.points[i].load));
  }
  if (report.points.size() > 8) across.ticks.clear();
  chart.axes(across, linear_axis(high, short_number));
  for (std::size_t i = 0; i < report.points.size(); ++i) {
    const auto& point = report.points[i];
    const auto at = static_cast<double>(i);
    chart.bar(at + 0.2, at + 0.8, point.per_second, color(i));
    const double y = chart.y_of(point.load.rate.value_or(0));
    if (point.load.rate) svg.line(chart.x_of(at + 0.1), y, chart.x_of(at + 0.9), y, "#333333");
    if (report.points.size() <= 8) {
      svg.text(chart.x_of(at + 0.5), chart.y_of(point.per_second) - 4,
               fmt::format("{:.0f}", point.per_second), Svg::Anchor::middle, 11);
    }
  }
}

void draw_histogram(Svg& svg, const Measurement& point) {
  Chart chart(svg, kRight, kUpper, kChartWidth, kChartHeight, "Share of inferences by latency");
  const Histogram total = point.series.total();
  const Axis across = log_axis(static_cast<double>(std::max<std::uint64_t>(total.smallest(), 1)),
                               static_cast<double>(total.largest()), tick_text);
  constexpr std::size_t kBars = 90;
  std::vector<double> bars(kBars, 0);
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    if (total.in_bucket(bucket) == 0) continue;
    const auto middle = static_cast<double>(Histogram::lowest(bucket) + Histogram::highest(bucket)) / 2;
    const auto place = static_cast<std::size_t>(across.part(middle) * kBars);
    bars[std::min(place, kBars - 1)] += 100.0 * total.in_bucket(bucket) / static_cast<double>(total.count());
  }
  chart.axes(across, linear_axis(*std::max_element(bars.begin(), bars.end()),
                                 [](double value) { return fmt::format("{:g} %", value); }));
  const double ratio = across.high / across.low;
  for (std::size_t i = 0; i < kBars; ++i) {
    if (bars[i] == 0) continue;
    const auto edge = [&](std::size_t at) {
      return across.low * std::pow(ratio, static_cast<double>(at) / static_cast<double>(kBars));
    };
    chart.bar(edge(i), edge(i + 1), bars[i], color(0));
  }
}

void draw_time(Svg& svg, const BenchReport& report) {
  Chart chart(svg, kLeft, kLower, kChartWidth, kChartHeight,
              "Inferences per second, over the seconds of the run");
  double high = 0, longest = 0;
  std::vector<std::vector<std::pair<double, double>>> curves;
  for (const auto& point : report.points) {
    auto& curve = curves.emplace_back();
    const double width = static_cast<double>(point.series.width_ns()) / 1e9;
    const double measured = static_cast<double>(point.measured_ns) / 1e9;
    double start = 0;
    for (const auto ended : point.series.ended()) {
      if (start + width > measured * 1.0001) break;  // only whole windows
      const double rate = static_cast<double>(ended) / width;
      curve.emplace_back(start, rate);
      curve.emplace_back(start + width, rate);
      high = std::max(high, rate);
      start += width;
    }
    longest = std::max(longest, measured);
  }
  chart.axes(linear_axis(longest, short_number), linear_axis(high, short_number));
  for (std::size_t i = 0; i < curves.size(); ++i) chart.curve(curves[i], color(i));
}

void draw_stages(Svg& svg, const BenchReport& report) {
  constexpr std::array<const char*, 4> kNames{"host", "queue", "device", "wake-up"};
  constexpr std::array<const char*, 4> kFills{"#e69f00", "#999999", "#0072b2", "#cc79a7"};
  Chart chart(svg, kRight, kLower, kChartWidth, kChartHeight, "Where the time of an inference goes (mean)");
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const double x = kRight + 80 * static_cast<double>(i);
    svg.rectangle(x, kLower + kChartHeight + 26, 10, 10, kFills[i]);
    svg.text(x + 14, kLower + kChartHeight + 35, kNames[i], Svg::Anchor::start, 11);
  }
  double high = 0;
  for (const auto& point : report.points) high = std::max(high, point.attribution.all.mean.total_ns());
  Axis across = linear_axis(high / 1e6, [](double value) { return fmt::format("{:g} ms", value); });
  chart.axes(across, Axis{});
  const double row = kChartHeight / static_cast<double>(report.points.size());
  for (std::size_t i = 0; i < report.points.size(); ++i) {
    const Stages& mean = report.points[i].attribution.all.mean;
    const double height = std::min(row * 0.7, 40.0);
    const double y = kLower + row * static_cast<double>(i) + (row - height) / 2;
    svg.text(kRight - 6, y + height / 2 + 4, label(report, report.points[i].load), Svg::Anchor::end, 11);
    double from = 0;
    std::size_t part = 0;
    for (const double length : {mean.host_ns, mean.queue_ns, mean.device_ns, mean.wake_up_ns}) {
      const double left = chart.x_of(from / 1e6), right = chart.x_of((from + length) / 1e6);
      svg.rectangle(left, y, right - left, height, kFills[part++]);
      from += length;
    }
  }
}

}  // namespace

std::string report_svg(const BenchReport& report) {
  if (report.points.empty()) return {};
  Svg svg(kWidth, kHeight);
  const Load& first = report.points[0].load;
  svg.text(kLeft, 34,
           fmt::format("{}: {}, {} card{}, {} activation{} each", report.program,
                       first.rate ? "open loop" : "closed loop", report.cards.size(),
                       report.cards.size() == 1 ? "" : "s", report.activations,
                       report.activations == 1 ? "" : "s"),
           Svg::Anchor::start, 18);
  double x = kLeft;
  for (std::size_t i = 0; i < std::min<std::size_t>(report.points.size(), 8); ++i) {
    const std::string name = label(report, report.points[i].load);
    svg.rectangle(x, 54, 10, 10, color(i));
    svg.text(x + 14, 63, name, Svg::Anchor::start, 11);
    x += 34 + 7 * static_cast<double>(name.size());
  }
  draw_quantiles(svg, report);
  if (report.points.size() > 1) {
    draw_throughput(svg, report);
  } else {
    draw_histogram(svg, report.points[0]);
  }
  draw_time(svg, report);
  draw_stages(svg, report);
  return svg.finish();
}

}  // namespace qaic::tools::run::bench
