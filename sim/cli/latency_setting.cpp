#include "sim/cli/latency_setting.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace qaic::sim::cli {

using device::Latency;
using std::chrono::nanoseconds;

namespace {

// The number at the beginning of `text`, which is left with what follows it.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<nanoseconds> read_time(std::string_view text) {
  constexpr double kMost = 3600e9;
  auto value = take_number(text);
  if (!value) return std::nullopt;
  if (text == "us") {
    *value *= 1e3;
  } else if (text == "ms") {
    *value *= 1e6;
  } else if (text == "s") {
    *value *= 1e9;
  } else if (text != "ns" && !(text.empty() && *value == 0)) {
    return std::nullopt;
  }
  if (*value > kMost) return std::nullopt;
  return nanoseconds(std::llround(*value));
}

template <class T>
bool read_whole(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// The part of `text` before `mark`, which goes with it.
std::string_view take_part(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

bool read_times(std::string_view text, nanoseconds& first, nanoseconds* second) {
  const auto colon = text.find(':');
  if ((colon == std::string_view::npos) != (second == nullptr)) return false;
  const auto a = read_time(text.substr(0, colon));
  if (!a) return false;
  first = *a;
  if (second == nullptr) return true;
  const auto b = read_time(text.substr(colon + 1));
  if (b) *second = *b;
  return b.has_value();
}

bool read_shape(std::string_view text, Latency& out) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    out.shape = Latency::Shape::constant;
    return read_times(text, out.first, nullptr);
  }
  const std::string_view name = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  if (name == "exp") {
    out.shape = Latency::Shape::exponential;
    return read_times(text, out.first, nullptr);
  }
  if (!read_times(text, out.first, &out.second)) return false;
  out.shape = name == "uniform" ? Latency::Shape::uniform : Latency::Shape::normal;
  return (name == "uniform" && out.first <= out.second) || name == "normal";
}

bool read_stall(std::string_view text, Latency& out) {
  const auto share = take_number(text);
  if (!share || *share > 100 || !text.starts_with("%:")) return false;
  const auto time = read_time(text.substr(2));
  if (!time) return false;
  out.stall_share = *share / 100;
  out.stall = *time;
  return true;
}

}  // namespace

std::optional<Latency> parse_latency(std::string_view text) {
  Latency out;
  if (text.ends_with(',') || !read_shape(take_part(text, ','), out)) return std::nullopt;
  bool stall = false;
  bool depth = false;
  bool seed = false;
  bool execute = false;
  const auto once = [](bool& seen) { return !std::exchange(seen, true); };
  while (!text.empty()) {
    std::string_view value = take_part(text, ',');
    const std::string_view key = take_part(value, '=');
    const bool fine = (key == "stall" && once(stall) && read_stall(value, out)) ||
                      (key == "depth" && once(depth) && read_whole(value, out.depth) && out.depth != 0) ||
                      (key == "seed" && once(seed) && read_whole(value, out.seed)) ||
                      (key == "execute" && once(execute) && value == "off");
    if (!fine) return std::nullopt;
  }
  if (execute) out.execute = false;
  return out;
}

}  // namespace qaic::sim::cli
