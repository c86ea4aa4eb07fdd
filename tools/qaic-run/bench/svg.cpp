#include "tools/qaic-run/bench/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace qaic::tools::run::bench {

namespace {

constexpr const char* kGrid = "#e4e4e4";
constexpr const char* kAxis = "#888888";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

const char* word(Svg::Anchor anchor) {
  switch (anchor) {
    case Svg::Anchor::start:
      return "start";
    case Svg::Anchor::middle:
      return "middle";
    case Svg::Anchor::end:
      return "end";
  }
  return "start";
}

}  // namespace

Svg::Svg(double width, double height) : width_(width), height_(height) {
  rectangle(0, 0, width, height, "#ffffff");
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view fill) {
  fmt::format_to(std::back_inserter(body_),
                 "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", x, y,
                 width, height, fill);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view stroke) {
  fmt::format_to(std::back_inserter(body_),
                 "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1,
                 x2, y2, stroke);
}

void Svg::curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke) {
  if (points.empty()) return;
  body_ += "<polyline points=\"";
  for (const auto& [x, y] : points) fmt::format_to(std::back_inserter(body_), "{:.1f},{:.1f} ", x, y);
  body_.back() = '"';
  fmt::format_to(std::back_inserter(body_), " fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>\n", stroke);
}

void Svg::text(double x, double y, std::string_view content, Anchor anchor, double size,
               std::string_view fill) {
  fmt::format_to(
      std::back_inserter(body_),
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{:g}\" fill=\"{}\">{}</text>\n", x, y,
      word(anchor), size, fill, escaped(content));
}

std::string Svg::finish() const {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" "
      "height=\"{1:g}\" viewBox=\"0 0 {0:g} {1:g}\" font-family=\"sans-serif\">\n{2}</svg>\n",
      width_, height_, body_);
}

double Axis::part(double value) const {
  double part = 0;
  switch (scale) {
    case Scale::linear:
      part = (value - low) / (high - low);
      break;
    case Scale::logarithmic:
      part = std::log(std::max(value, low) / low) / std::log(high / low);
      break;
  }
  return std::clamp(part, 0.0, 1.0);
}

Axis linear_axis(double high, const std::function<std::string(double)>& label) {
  constexpr double kTicks = 5;
  const double raw = std::max(high, 1e-9) / kTicks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (raw <= factor * power * 1.0001) step = factor * power;
  }
  Axis axis;
  axis.high = step * std::ceil(high / step - 1e-9);
  if (axis.high <= 0) axis.high = step;
  for (double value = 0; value <= axis.high * 1.0001; value += step)
    axis.ticks.emplace_back(value, label(value));
  return axis;
}

Axis log_axis(double low, double high, const std::function<std::string(double)>& label) {
  std::vector<double> round;
  low = std::max(low, 1e-9);
  high = std::max(high, low * 1.01);
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high * 10; power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) round.push_back(factor * power);
  }
  const auto first =
      std::find_if(round.begin(), round.end(), [low](double value) { return value > low; }) - 1;
  const auto last = std::find_if(first, round.end(), [high](double value) { return value >= high; });
  Axis axis;
  axis.scale = Axis::Scale::logarithmic;
  axis.low = *first;
  axis.high = *last;
  const bool many = last - first > 8;
  for (auto value = first; value <= last; ++value) {
    const double digit = *value / std::pow(10, std::floor(std::log10(*value) + 1e-9));
    if (!many || digit < 1.5) axis.ticks.emplace_back(*value, label(*value));
  }
  return axis;
}

Chart::Chart(Svg& svg, double x, double y, double width, double height, std::string_view title)
    : svg_(svg), x_(x), y_(y), width_(width), height_(height) {
  svg_.text(x_, y_ - 10, title, Svg::Anchor::start, 13);
}

double Chart::x_of(double value) const {
  return x_ + width_ * across_.part(value);
}

double Chart::y_of(double value) const {
  return y_ + height_ * (1 - up_.part(value));
}

void Chart::axes(const Axis& across, const Axis& up) {
  across_ = across;
  up_ = up;
  for (const auto& [value, name] : up_.ticks) {
    svg_.line(x_, y_of(value), x_ + width_, y_of(value), kGrid);
    svg_.text(x_ - 6, y_of(value) + 4, name, Svg::Anchor::end, 11);
  }
  for (const auto& [value, name] : across_.ticks) {
    svg_.line(x_of(value), y_ + height_, x_of(value), y_ + height_ + 4, kAxis);
    svg_.text(x_of(value), y_ + height_ + 17, name, Svg::Anchor::middle, 11);
  }
  svg_.line(x_, y_ + height_, x_ + width_, y_ + height_, kAxis);
}

void Chart::curve(const std::vector<std::pair<double, double>>& values, std::string_view stroke) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [across, up] : values) points.emplace_back(x_of(across), y_of(up));
  svg_.curve(points, stroke);
}

void Chart::bar(double from, double to, double value, std::string_view fill) {
  const double left = x_of(from), top = y_of(value);
  svg_.rectangle(left, top, std::max(x_of(to) - left, 0.5), y_ + height_ - top, fill);
}

}  // namespace qaic::tools::run::bench
