// A few shapes of SVG, and charts with axes made of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qaic::tools::run::bench {

class Svg {
 public:
  enum class Anchor { start, middle, end };

  Svg(double width, double height);
  void rectangle(double x, double y, double width, double height, std::string_view fill);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke);
  void curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke);
  void text(double x, double y, std::string_view content, Anchor anchor, double size,
            std::string_view fill = "#333333");
  // The whole document.
  [[nodiscard]] std::string finish() const;

 private:
  std::string body_;
  double width_;
  double height_;
};

// An axis: values from `low` to `high` along it, marked at `ticks`.
struct Axis {
  enum class Scale { linear, logarithmic };
  double low = 0;
  double high = 1;
  Scale scale = Scale::linear;
  std::vector<std::pair<double, std::string>> ticks;

  [[nodiscard]] double part(double value) const;  // 0 at low, 1 at high, not beyond
};
// From 0 to a round number not below `high`, with about five ticks.
[[nodiscard]] Axis linear_axis(double high, const std::function<std::string(double)>& label);
// Round numbers around [low, high], with ticks at 1, 2 and 5 times powers of ten.
[[nodiscard]] Axis log_axis(double low, double high, const std::function<std::string(double)>& label);

// Where a chart is drawn, its title above and its axes around.
class Chart {
 public:
  Chart(Svg& svg, double x, double y, double width, double height, std::string_view title);
  void axes(const Axis& across, const Axis& up);
  void curve(const std::vector<std::pair<double, double>>& values, std::string_view stroke);
  // From the bottom to `value`, between two places across.
  void bar(double from, double to, double value, std::string_view fill);
  [[nodiscard]] double x_of(double value) const;
  [[nodiscard]] double y_of(double value) const;

 private:
  Svg& svg_;
  double x_, y_, width_, height_;
  Axis across_, up_;
};

}  // namespace qaic::tools::run::bench
