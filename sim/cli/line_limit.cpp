#include "sim/cli/line_limit.hpp"

#include <utility>

namespace qaic::sim::cli {

std::vector<std::string> LineLimit::pass(std::vector<std::string> lines, std::chrono::nanoseconds now) {
  std::vector<std::string> out;
  if (now - second_ >= std::chrono::seconds(1)) {
    if (kept_back_ != 0) out.push_back(rest());
    second_ = now;
    passed_ = 0;
  }
  for (std::string& line : lines) {
    if (passed_ < most_) {
      ++passed_;
      out.push_back(std::move(line));
    } else {
      ++kept_back_;
    }
  }
  return out;
}

std::string LineLimit::rest() {
  const std::size_t count = std::exchange(kept_back_, 0);
  return count == 0 ? std::string() : std::to_string(count) + " more lines";
}

}  // namespace qaic::sim::cli
