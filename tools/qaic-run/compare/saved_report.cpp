#include "tools/qaic-run/compare/saved_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "os/file.hpp"
#include "tools/qaic-run/bench/histogram.hpp"

namespace qaic::tools::run::comparing {

namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using nlohmann::json;

constexpr std::size_t kLargestFile = 256U << 20;

base::Error no_report(const std::string& name, const std::string& why) {
  return make_error(ErrorKind::bad_input, "bench-report", fmt::format("{}: {}", name, why),
                    "make one with qaic-run bench PROGRAM -j");
}

// "BUCKET:COUNT BUCKET:COUNT"; false when it is anything else.
bool parse_buckets(std::string_view text, SavedWindow& window) {
  std::uint64_t sum = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::uint32_t bucket = 0, count = 0;
    const auto first = std::from_chars(at, end, bucket);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return false;
    const auto second = std::from_chars(first.ptr + 1, end, count);
    if (second.ec != std::errc() || bucket >= bench::Histogram::kBuckets) return false;
    window.buckets.emplace_back(bucket, count);
    sum += count;
    at = second.ptr;
    if (at != end && *at++ != ' ') return false;
  }
  return sum == window.inferences;
}

std::string text_or_unknown(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "unknown" : value.dump();
}

// Throws json::exception where something has another type.
Result<SavedPoint> parse_point(const json& row, const std::string& name) {
  SavedPoint point;
  point.loop = row.at("loop").get<std::string>();
  if (!row.at("arrivals").is_null()) point.arrivals = row.at("arrivals").get<std::string>();
  if (!row.at("asked_per_second").is_null())
    point.asked_per_second = row.at("asked_per_second").get<double>();
  point.depth = row.at("depth").get<std::uint64_t>();
  point.activations = row.at("activations").get<std::uint64_t>();
  point.inferences = row.at("inferences").get<std::uint64_t>();
  point.stability = row.at("stability").at("verdict").get<std::string>();
  point.complete = row.at("complete").get<bool>();
  // Of the lane that was done first with its share: later windows lack it.
  auto measured = row.at("measured_ns").get<std::int64_t>();
  for (const auto& lane : row.at("lanes")) {
    const auto own = lane.at("measured_ns").get<std::int64_t>();
    if (own > 0) measured = std::min(measured, own);
  }
  for (const auto& entry : row.at("windows")) {
    SavedWindow window;
    const auto start = entry.at("start_ns").get<std::int64_t>();
    window.length_ns = entry.at("length_ns").get<std::int64_t>();
    window.inferences = entry.at("inferences").get<std::uint64_t>();
    window.completed = entry.at("completed").get<std::uint64_t>();
    if (start < 0 || window.length_ns <= 0 || start > measured + window.length_ns * 1000) {
      return fail(no_report(name, "a window that cannot be"));
    }
    window.whole = start <= measured - window.length_ns;
    if (!parse_buckets(entry.at("buckets").get<std::string>(), window)) {
      return fail(no_report(name, "a window with wrong buckets"));
    }
    point.windows.push_back(std::move(window));
  }
  return point;
}

}  // namespace

bool SavedPoint::same_load(const SavedPoint& other) const {
  return loop == other.loop && arrivals == other.arrivals && asked_per_second == other.asked_per_second &&
         depth == other.depth && activations == other.activations;
}

std::string SavedPoint::name() const {
  std::string text = loop + " loop";
  if (!arrivals.empty()) text += fmt::format(", {:g} per second, {}", asked_per_second, arrivals);
  text += fmt::format(", depth {}", depth);
  if (activations > 1) text += fmt::format(", {} activations", activations);
  return text;
}

Result<SavedReport> parse_report(std::string_view text, const std::string& name) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return fail(no_report(name, "no JSON document"));
  SavedReport report;
  report.path = name;
  try {
    const auto schema = document.at("schema").get<std::string>();
    if (schema != "qaic.bench/1") return fail(no_report(name, "its schema is '" + schema + "'"));
    report.time = document.at("time").get<std::string>();
    report.exit_code = document.at("exit_code").get<int>();
    if (!document.contains("points")) return fail(no_report(name, "a run that was given up"));
    report.fingerprint.emplace_back("program", text_or_unknown(document.at("program").at("sha256")));
    report.fingerprint.emplace_back("qaic-run", text_or_unknown(document.at("tool").at("version")));
    std::string inputs;
    for (const auto& input : document.at("inputs")) {
      inputs +=
          fmt::format("{} of {} bytes ({:.8}) ", input.at("name").get<std::string>(),
                      input.at("sent_bytes").get<std::uint64_t>(), input.at("sha256").get<std::string>());
    }
    report.fingerprint.emplace_back("inputs", inputs);
    report.fingerprint.emplace_back("warm-up in ns",
                                    text_or_unknown(document.at("options").at("warm_up_ns")));
    for (const char* field : {"cpu", "cpus", "kernel", "governor"}) {
      report.fingerprint.emplace_back(field, text_or_unknown(document.at("environment").at(field)));
    }
    std::string firmware, skus;
    for (const auto& device : document.at("devices")) {
      firmware += text_or_unknown(device.at("firmware_version")) + " ";
      skus += text_or_unknown(device.at("sku")) + " ";
    }
    report.fingerprint.emplace_back("firmware", firmware);
    report.fingerprint.emplace_back("cards", skus);
    for (const auto& row : document.at("points")) {
      QAIC_TRY(SavedPoint point, parse_point(row, name));
      report.points.push_back(std::move(point));
    }
  } catch (const json::exception& error) {
    return fail(no_report(name, fmt::format("not as its schema says ({})", error.what())));
  }
  return report;
}

Result<SavedReport> read_report(const std::string& path) {
  auto bytes = os::read_file(path, kLargestFile);
  if (!bytes) {
    bytes.error().kind = ErrorKind::bad_input;
    return fail(bytes.error());
  }
  return parse_report({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, path);
}

}  // namespace qaic::tools::run::comparing
