#include "tools/qaic-run/compare/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/common/command_line.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/qaic-run/bench/attribution.hpp"
#include "tools/qaic-run/bench/text_histogram.hpp"
#include "tools/qaic-run/compare/condition.hpp"
#include "tools/qaic-run/options.hpp"

namespace qaic::tools::run::comparing {

namespace {

using bench::duration_text;
using bench::right;
using bench::wrapped;
using nlohmann::json;

constexpr const char* kName = "qaic-run compare";

struct Pair {
  const SavedPoint* a;
  const SavedPoint* b;
  std::vector<Change> changes;  // as kMetrics
  std::vector<Holds> holds;     // as the conditions
};

struct Comparison {
  SavedReport a, b;
  std::vector<Condition> conditions;
  bool may_lack = false;  // --allow-missing
  std::vector<Pair> pairs;
  std::vector<std::string> notes;
  std::vector<Failure> failures;

  // Over all points: yes when it holds at one.
  [[nodiscard]] Holds verdict(std::size_t condition) const {
    Holds result = Holds::no;
    for (const auto& pair : pairs) result = std::max(result, pair.holds[condition]);
    return result;
  }
};

const char* word(Holds holds) {
  switch (holds) {
    case Holds::no:
      return "no";
    case Holds::unclear:
      return "unclear";
    case Holds::yes:
      return "yes";
  }
  return "unclear";
}

const Change& change_for(const Pair& pair, const Condition& condition) {
  const auto place = std::find(kMetrics.begin(), kMetrics.end(), condition.metric) - kMetrics.begin();
  return pair.changes[static_cast<std::size_t>(place)];
}

void add_notes(Comparison& comparison) {
  const auto& a = comparison.a;
  const auto& b = comparison.b;
  for (std::size_t i = 0; i < std::min(a.fingerprint.size(), b.fingerprint.size()); ++i) {
    if (a.fingerprint[i].second == b.fingerprint[i].second) continue;
    comparison.notes.push_back(fmt::format("{} differs: {} | {}", a.fingerprint[i].first,
                                           a.fingerprint[i].second, b.fingerprint[i].second));
  }
  for (const auto* report : {&a, &b}) {
    if (report->exit_code == 0) continue;
    comparison.notes.push_back(
        fmt::format("{} ended with exit code {}", report == &a ? "A" : "B", report->exit_code));
  }
  for (const auto& pair : comparison.pairs) {
    for (const auto* point : {pair.a, pair.b}) {
      const char* which = point == pair.a ? "A" : "B";
      if (!point->complete) {
        comparison.notes.push_back(fmt::format("{}: {} is incomplete", which, point->name()));
      }
      if (point->stability != "not_stable") continue;
      comparison.notes.push_back(fmt::format("{}: {} was not stable", which, point->name()));
    }
  }
  for (const auto* report : {&a, &b}) {
    for (const auto& point : report->points) {
      const bool used = std::any_of(comparison.pairs.begin(), comparison.pairs.end(),
                                    [&](const Pair& pair) { return pair.a == &point || pair.b == &point; });
      if (!used) {
        comparison.notes.push_back(fmt::format("only in {}: {}", report == &a ? "A" : "B", point.name()));
      }
    }
  }
}

void compare(Comparison& comparison) {
  for (const auto& a : comparison.a.points) {
    const auto b = std::find_if(comparison.b.points.begin(), comparison.b.points.end(),
                                [&](const SavedPoint& point) { return point.same_load(a); });
    if (b == comparison.b.points.end()) {
      if (comparison.conditions.empty() || comparison.may_lack) continue;
      comparison.failures.push_back(
          {kBadInput, "bench-report",
           "B did not measure " + a.name() + ", so that no condition is told for it",
           "measure it again, or give --allow-missing", std::nullopt});
      continue;
    }
    Pair pair{&a, &*b, changes_of(a, *b), {}};
    for (const auto& condition : comparison.conditions) {
      pair.holds.push_back(holds(condition, change_for(pair, condition)));
    }
    comparison.pairs.push_back(std::move(pair));
  }
  if (comparison.pairs.empty()) {
    comparison.failures.assign(
        1, Failure{kBadInput, "bench-report", "the reports have no measurement of the same load",
                   "give qaic-run bench the same --depth, --rate and --activations", std::nullopt});
  }
  add_notes(comparison);
}

int exit_code(const Comparison& comparison) {
  for (std::size_t i = 0; i < comparison.conditions.size(); ++i) {
    if (comparison.verdict(i) == Holds::yes) return kVerdictNo;
  }
  return comparison.failures.empty() ? kDone : comparison.failures.front().exit_code;
}

std::string value_text(Metric metric, const std::optional<double>& value) {
  if (!value) return "-";
  return metric == Metric::throughput ? fmt::format("{:.1f}/s", *value) : duration_text(*value);
}

std::string ratio_text(const Change& change) {
  return change.ratio ? fmt::format("{:+.1f} %", 100 * *change.ratio) : "-";
}

json or_null(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

std::string interval_text(const Change& change) {
  if (!change.interval) return "too little measured";
  return fmt::format("{:+.1f} to {:+.1f} %", 100 * change.interval->first, 100 * change.interval->second);
}

std::string text_of(const Comparison& comparison) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "A: {} ({})\nB: {} ({})\n", comparison.a.path, comparison.a.time, comparison.b.path,
                 comparison.b.time);
  for (const auto& pair : comparison.pairs) {
    fmt::format_to(out, "\n{}\n  {:<12}{}{}{}{}\n", pair.a->name(), "", right("A", 12), right("B", 12),
                   right("change", 10), right("95 % interval", 24));
    for (std::size_t i = 0; i < kMetrics.size(); ++i) {
      const Change& change = pair.changes[i];
      fmt::format_to(out, "  {:<12}{}{}{}{}\n", metric_name(kMetrics[i]),
                     right(value_text(kMetrics[i], change.a), 12),
                     right(value_text(kMetrics[i], change.b), 12), right(ratio_text(change), 10),
                     right(interval_text(change), 24));
    }
  }
  if (!comparison.conditions.empty()) text += "\n";
  for (std::size_t i = 0; i < comparison.conditions.size(); ++i) {
    const auto& condition = comparison.conditions[i];
    for (const auto& pair : comparison.pairs) {
      const Change& change = change_for(pair, condition);
      const char* meaning = pair.holds[i] == Holds::yes  ? "holds"
                            : pair.holds[i] == Holds::no ? "does not hold"
                                                         : "cannot be told; measure longer";
      text += wrapped(fmt::format("{} {}: {} ({}, {})", condition.text, meaning, pair.a->name(),
                                  ratio_text(change), interval_text(change)),
                      0);
    }
  }
  if (!comparison.notes.empty()) text += "\n";
  for (const auto& note : comparison.notes) text += wrapped("note: " + note, 0);
  return text;
}

json json_of(const Comparison& comparison, int code) {
  auto document = envelope("qaic.compare/1", kTool, {}, code, json::array(), comparison.failures);
  for (const auto& [name, report] : {std::pair("a", &comparison.a), std::pair("b", &comparison.b)}) {
    document[name] = {{"path", report->path}, {"time", report->time}};
  }
  json points = json::array();
  for (const auto& pair : comparison.pairs) {
    const SavedPoint& load = *pair.a;
    const bool open = !load.arrivals.empty();
    json metrics = json::array();
    for (std::size_t i = 0; i < kMetrics.size(); ++i) {
      const Change& change = pair.changes[i];
      json row{{"metric", metric_name(kMetrics[i])},    {"a", or_null(change.a)}, {"b", or_null(change.b)},
               {"change_ratio", or_null(change.ratio)}, {"low_ratio", nullptr},   {"high_ratio", nullptr}};
      if (change.interval) {
        row["low_ratio"] = change.interval->first;
        row["high_ratio"] = change.interval->second;
      }
      metrics.push_back(std::move(row));
    }
    json verdicts = json::array();
    for (std::size_t i = 0; i < comparison.conditions.size(); ++i) {
      verdicts.push_back({{"condition", comparison.conditions[i].text}, {"holds", word(pair.holds[i])}});
    }
    points.push_back({{"loop", load.loop},
                      {"arrivals", open ? json(load.arrivals) : json(nullptr)},
                      {"asked_per_second", open ? json(load.asked_per_second) : json(nullptr)},
                      {"depth", load.depth},
                      {"activations", load.activations},
                      {"metrics", std::move(metrics)},
                      {"conditions", std::move(verdicts)}});
  }
  json conditions = json::array();
  for (std::size_t i = 0; i < comparison.conditions.size(); ++i) {
    conditions.push_back(
        {{"condition", comparison.conditions[i].text}, {"holds", word(comparison.verdict(i))}});
  }
  document["points"] = std::move(points);
  document["conditions"] = std::move(conditions);
  document["notes"] = comparison.notes;
  return document;
}

}  // namespace

int compare_reports(int argc, char** argv) {
  CLI::App app("Compare two reports of qaic-run bench -j", kName);
  GlobalOptions global;
  Comparison comparison;
  std::string a, b;
  add_output_options(app, global);
  app.add_option("A", a, "The report to compare with; - for stdin")->required();
  app.add_option("B", b, "The report that is compared")->required();
  app.add_option_function<std::vector<std::string>>(
         "--fail-if",
         [&comparison](const std::vector<std::string>& given) {
           for (const auto& text : given) {
             const auto condition = parse_condition(text);
             if (!condition) throw CLI::ValidationError("--fail-if", "'" + text + "' is not like p99>+5%");
             comparison.conditions.push_back(*condition);
           }
         },
         "Exit code 1 when it surely holds: METRIC>+N% or METRIC<-N%; repeatable")
      ->type_name("CONDITION")
      ->allow_extra_args(false);
  app.add_flag("--allow-missing", comparison.may_lack, "With --fail-if: B need not have all loads of A");
  app.footer("METRIC is throughput, mean, p50, p90, p95, p99 or p99.9. See qaic-run(1).");
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  for (const auto& [path, report] : {std::pair(&a, &comparison.a), std::pair(&b, &comparison.b)}) {
    auto read = read_report(*path == "-" ? "/dev/stdin" : *path);
    if (read) {
      *report = std::move(*read);
    } else {
      const auto& error = read.error();
      comparison.failures.push_back(
          {static_cast<int>(error.kind), error.id, error.what, error.hint, std::nullopt});
    }
  }
  if (comparison.failures.empty()) compare(comparison);
  const int code = exit_code(comparison);
  int written = kDone;
  if (global.json) {
    written = write_document(json_of(comparison, code), global.output_file);
  } else if (!comparison.pairs.empty()) {
    written = write_text(text_of(comparison), global.output_file, kTool);
  }
  for (const auto& failure : comparison.failures) print_failure(kTool, failure);
  return written != kDone ? written : code;
}

}  // namespace qaic::tools::run::comparing
