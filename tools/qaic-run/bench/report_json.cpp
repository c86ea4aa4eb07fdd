#include <fmt/format.h>

#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-run/bench/report.hpp"
#include "tools/qaic-run/options.hpp"

namespace qaic::tools::run::bench {

namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

const char* verdict_name(Stability::Verdict verdict) {
  switch (verdict) {
    case Stability::Verdict::stable:
      return "stable";
    case Stability::Verdict::not_stable:
      return "not_stable";
    case Stability::Verdict::too_short:
      return "too_short";
  }
  return "too_short";
}

json latency_json(const Histogram& total) {
  if (total.count() == 0) return nullptr;
  return {{"min_ns", total.smallest()},        {"mean_ns", total.mean()},
          {"p50_ns", total.quantile(0.5)},     {"p90_ns", total.quantile(0.9)},
          {"p95_ns", total.quantile(0.95)},    {"p99_ns", total.quantile(0.99)},
          {"p99_9_ns", total.quantile(0.999)}, {"max_ns", total.largest()}};
}

// "BUCKET:COUNT …" of the buckets that are not empty: short, and compare
// computes intervals from it.
std::string buckets_text(const Histogram& histogram) {
  std::string text;
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    if (histogram.in_bucket(bucket) == 0) continue;
    fmt::format_to(std::back_inserter(text), "{}{}:{}", text.empty() ? "" : " ", bucket,
                   histogram.in_bucket(bucket));
  }
  return text;
}

json histogram_json(const Histogram& total) {
  json rows = json::array();
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    if (total.in_bucket(bucket) == 0) continue;
    rows.push_back({Histogram::lowest(bucket), Histogram::highest(bucket), total.in_bucket(bucket)});
  }
  return rows;
}

json windows_json(const Measurement& point) {
  json rows = json::array();
  std::int64_t start = 0;
  const auto windows = point.series.windows();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Histogram& window = windows[i];
    rows.push_back({{"start_ns", start},
                    {"length_ns", point.series.width_ns()},
                    {"completed", point.series.ended()[i]},
                    {"inferences", window.count()},
                    {"buckets", buckets_text(window)}});
    start += point.series.width_ns();
  }
  return rows;
}

json stages_json(const Attribution& attribution) {
  const Stages& mean = attribution.mean;
  return {
      {"samples", attribution.samples},        {"host_ns", mean.host_ns},       {"queue_ns", mean.queue_ns},
      {"device_ns", mean.device_ns},           {"wake_up_ns", mean.wake_up_ns}, {"total_ns", mean.total_ns()},
      {"queue_level_before", mean.queue_level}};
}

json attribution_json(const Measurement& point) {
  const auto& found = point.attribution;
  if (found.all.samples == 0) return nullptr;
  json row{{"all", stages_json(found.all)}, {"slow", nullptr}, {"bound", point.bound}};
  if (found.slow.samples != 0) {
    row["slow"] = stages_json(found.slow);
    row["slow"]["fraction_ratio"] = found.slow_fraction;
    row["slow"]["from_ns"] = found.slow_from_ns;
    row["slow"]["sentence"] = tail_sentence(found);
  }
  return row;
}

json lanes_json(const BenchReport& report, const Measurement& point) {
  json rows = json::array();
  for (std::size_t i = 0; i < point.lanes.size(); ++i) {
    const auto& lane = point.lanes[i];
    rows.push_back({{"qid", report.cards[i / report.activations].qid},
                    {"activation", i % report.activations},
                    {"measured_ns", lane.measured_ns},
                    {"inferences", lane.inferences},
                    {"inferences_per_second", lane.per_second},
                    {"p50_ns", lane.p50_ns},
                    {"p99_ns", lane.p99_ns}});
  }
  return rows;
}

json point_json(const BenchReport& report, const Measurement& point) {
  const auto& stability = point.stability;
  const Histogram total = point.series.total();
  const bool open = point.load.rate.has_value();
  return {{"loop", open ? "open" : "closed"},
          {"arrivals", !open                                         ? json(nullptr)
                       : point.load.arrivals == ArrivalKind::poisson ? json("poisson")
                                                                     : json("constant")},
          {"asked_per_second", or_null(point.load.rate)},
          {"depth", point.load.depth},
          {"depth_reached", point.depth_reached},
          {"queue_full", point.queue_full},
          {"activations", point.lanes.size()},
          {"complete", point.complete},
          {"measured_ns", point.measured_ns},
          {"inferences", point.inferences},
          {"completed", point.completed},
          {"inferences_per_second", point.per_second},
          {"unserved", point.unserved},
          {"latency", latency_json(total)},
          {"histogram", histogram_json(total)},
          {"stability",
           {{"verdict", verdict_name(stability.verdict)},
            {"windows", stability.windows},
            {"variation_ratio", stability.variation},
            {"allowed_ratio", stability.allowed},
            {"drift_ratio", stability.drift}}},
          {"attribution", attribution_json(point)},
          {"lanes", lanes_json(report, point)},
          {"windows", windows_json(point)}};
}

json device_json(const BenchReport& report, std::size_t i) {
  const auto& card = report.cards[i];
  json row{{"qid", card.qid},
           {"pci_address", card.pci_address},
           {"node", card.node},
           {"sku", nullptr},
           {"firmware_version", nullptr},
           {"before", nullptr},
           {"after", nullptr},
           {"changes", nullptr}};
  if (i < report.before.size()) {
    row["before"] = state_json(report.before[i]);
    if (const auto& status = report.before[i].answer.status) {
      row["sku"] = qaic_sku_name(status->sku_type);
      row["firmware_version"] =
          version_text(status->fw_major, status->fw_minor, status->fw_patch, status->fw_build);
    }
  }
  if (i < report.after.size()) {
    row["after"] = state_json(report.after[i]);
    row["changes"] = changes(row["before"], row["after"]);
  }
  return row;
}

}  // namespace

json report_json(const BenchReport& report, const BenchOptions& options, int exit_code) {
  json devices = json::array();
  for (std::size_t i = 0; i < report.cards.size(); ++i) devices.push_back(device_json(report, i));
  json points = json::array();
  for (const auto& point : report.points) points.push_back(point_json(report, point));
  auto document =
      envelope("qaic.bench/1", kTool, options.global.devices, exit_code, std::move(devices), report.failures);
  const auto& environment = report.environment;
  document["environment"] = {{"kernel", or_null(environment.kernel)},
                             {"cpu", or_null(environment.cpu)},
                             {"cpus", or_null(environment.cpus)},
                             {"governor", or_null(environment.governor)},
                             {"load_average", or_null(environment.load_average)}};
  document["program"] = {{"name", report.program},
                         {"path", report.file.path},
                         {"sha256", or_null(report.file.sha256)},
                         {"size_bytes", or_null(report.file.size_bytes)}};
  json inputs = json::array();
  for (const auto& input : report.inputs) {
    inputs.push_back({{"name", input.name}, {"sent_bytes", input.sent_bytes}, {"sha256", input.sha256}});
  }
  document["inputs"] = std::move(inputs);
  const auto nanoseconds = [](std::chrono::milliseconds time) {
    return std::chrono::nanoseconds(time).count();
  };
  const bool counted = options.count != 0;
  document["options"] = {{"warm_up_ns", nanoseconds(options.warm_up)},
                         {"duration_ns", counted ? json(nullptr) : json(nanoseconds(options.duration))},
                         {"count", counted ? json(options.count) : json(nullptr)},
                         {"timeout_ns", nanoseconds(options.global.timeout)},
                         {"seed", options.seed}};
  document["points"] = std::move(points);
  return document;
}

}  // namespace qaic::tools::run::bench
