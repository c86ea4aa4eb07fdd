#include "tools/qaic-run/bench/text_histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <vector>

#include "tools/qaic-run/bench/attribution.hpp"

namespace qaic::tools::run::bench {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kRows = 14;
constexpr double kBar = 40;  // columns
constexpr std::array<const char*, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

std::string bar(double length) {
  const auto eighths = static_cast<std::size_t>(std::lround(length * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + kEighths[eighths % 8];
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string right(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

std::string text_histogram(const Histogram& latencies) {
  if (latencies.count() == 0) return {};
  const auto from = static_cast<double>(latencies.smallest());
  // Buckets of the histogram are the finest step there is.
  const double step =
      std::max((latencies.quantile(0.99) - from) / static_cast<double>(kRows), from / 128 + 1);
  std::vector<std::uint64_t> rows(kRows + 1, 0);
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    if (latencies.in_bucket(bucket) == 0) continue;
    const auto middle = static_cast<double>(Histogram::lowest(bucket) + Histogram::highest(bucket)) / 2;
    const auto row = static_cast<std::size_t>(std::max(middle - from, 0.0) / step);
    rows[std::min(row, kRows)] += latencies.in_bucket(bucket);
  }
  const std::uint64_t most = *std::max_element(rows.begin(), rows.end());
  std::size_t last = kRows;  // empty rows at the end are left out
  while (last > 0 && rows[last] == 0) --last;
  std::string text;
  for (std::size_t i = 0; i <= last; ++i) {
    const bool above = i == kRows;
    const auto share = static_cast<double>(rows[i]) / static_cast<double>(latencies.count());
    fmt::format_to(std::back_inserter(text), "  {} {} {} {} {}\n",
                   right(duration_text(from + step * static_cast<double>(i)), 8), above ? "to" : "..",
                   right(duration_text(above ? static_cast<double>(latencies.largest())
                                             : from + step * static_cast<double>(i + 1)),
                         8),
                   right(fmt::format("{:.1f} %", 100 * share), 7),
                   bar(kBar * static_cast<double>(rows[i]) / static_cast<double>(most)));
    while (text.size() > 1 && text[text.size() - 2] == ' ') text.erase(text.size() - 2, 1);
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string result;
  std::string line = margin;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    // A number stays with its unit.
    for (const std::string_view unit : {" %", " ns", " µs", " ms", " s"}) {
      const std::string_view rest = text.substr(end);
      if (!rest.starts_with(unit)) continue;
      if (rest.size() > unit.size() && (std::isalnum(static_cast<unsigned char>(rest[unit.size()])) != 0))
        continue;
      end = std::min(text.find(' ', end + 1), text.size());
      break;
    }
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > indent && columns(line) + 1 + columns(word) > kWidth) {
      result += line + "\n";
      line = margin;
    }
    if (line.size() > indent) line += ' ';
    line += word;
  }
  return result + line + "\n";
}

}  // namespace qaic::tools::run::bench
