#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/common/status_json.hpp"
#include "tools/qaic-run/bench/report.hpp"
#include "tools/qaic-run/bench/text_histogram.hpp"

namespace qaic::tools::run::bench {

namespace {

using nlohmann::json;

std::string cards_text(const BenchReport& report) {
  std::string text = report.cards.size() == 1 ? "card " : "cards ";
  for (std::size_t i = 0; i < report.cards.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(report.cards[i].qid);
  }
  if (report.cards.size() == 1) text += fmt::format(" ({})", report.cards[0].pci_address);
  if (report.activations > 1) text += fmt::format(", {} activations each", report.activations);
  return text;
}

std::string loop_text(const Load& load) {
  if (!load.rate) return "closed loop";
  return load.arrivals == ArrivalKind::poisson ? "open loop, Poisson arrivals"
                                               : "open loop, constant arrivals";
}

// Four digits of a rate, thousands as they are.
std::string rate_text(double per_second) {
  const int digits = per_second < 10 ? 2 : per_second < 1000 ? 1 : 0;
  return fmt::format("{:.{}f}", per_second, digits);
}

const char* stability_word(Stability::Verdict verdict) {
  switch (verdict) {
    case Stability::Verdict::stable:
      return "stable";
    case Stability::Verdict::not_stable:
      return "not stable";
    case Stability::Verdict::too_short:
      return "too short";
  }
  return "";
}

std::string label(const BenchReport& report, const Load& load) {
  if (!load.rate) return std::to_string(load.depth);
  return rate_text(*load.rate) + (depths_differ(report) ? fmt::format("@{}", load.depth) : "");
}

void add_table(std::string& text, const BenchReport& report) {
  const bool open = report.points.front().load.rate.has_value();
  const auto row = [&](const std::vector<std::string>& cells, std::string_view last) {
    text += right(cells[0], 8) + right(cells[1], 9);
    for (std::size_t i = 2; i < cells.size(); ++i) text += right(cells[i], 8);
    text += "  " + std::string(last) + "\n";
  };
  row({!open                   ? "depth"
       : depths_differ(report) ? "asked@d"
                               : "asked/s",
       "done/s", "p50", "p90", "p95", "p99", "p99.9", "max"},
      "throughput");
  for (const auto& point : report.points) {
    const Histogram total = point.series.total();
    std::vector<std::string> cells{label(report, point.load), rate_text(point.per_second)};
    for (const double fraction : {0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
      cells.push_back(total.count() == 0 ? "-" : duration_text(total.quantile(fraction)));
    }
    row(cells, stability_word(point.stability.verdict));
  }
}

// "depth 4", "2000 per second" or "2000 per second at depth 4".
std::string name_of(const BenchReport& report, const Load& load) {
  if (!load.rate) return fmt::format("depth {}", load.depth);
  return rate_text(*load.rate) + " per second" +
         (depths_differ(report) ? fmt::format(" at depth {}", load.depth) : "");
}

void add_findings(std::string& text, const BenchReport& report) {
  const bool several = report.points.size() > 1;
  std::string unsteady;
  for (const auto& point : report.points) {
    const std::string about = several ? name_of(report, point.load) + ": " : "";
    if (!point.bound.empty()) text += wrapped(about + point.bound, 2);
    if (point.queue_full && point.depth_reached < point.load.depth) {
      text += wrapped(fmt::format("{}The channel's queue took {} in flight, not {}.", about,
                                  point.depth_reached, point.load.depth),
                      2);
    }
    if (!point.complete) {
      text +=
          wrapped(about + "Incomplete: it ended before its time, and has what was measured until then.", 2);
    }
    if (point.unserved > 0) {
      text += wrapped(fmt::format("{}{} arrivals could not start before the end; in the latencies they count "
                                  "as long as they had waited.",
                                  about, point.unserved),
                      2);
    }
    const auto& stability = point.stability;
    if (stability.verdict != Stability::Verdict::not_stable) continue;
    fmt::format_to(std::back_inserter(unsteady),
                   "{}{}throughput varies by {:.1f} % (allowed {:.1f} %), drifts by {:+.1f} %",
                   unsteady.empty() ? "" : "; ", about, 100 * stability.variation, 100 * stability.allowed,
                   100 * stability.drift);
  }
  if (!unsteady.empty()) {
    text += wrapped("Not stable: " + unsteady + ". Measure longer, or on a quiet host.", 2);
  }
}

void add_stages(std::string& text, const Measurement& point) {
  const auto& found = point.attribution;
  if (found.all.samples == 0) return;
  const auto row = [&](const std::string& name, const Attribution& which) {
    const Stages& mean = which.mean;
    text += fmt::format("  {:<16}", name);
    for (const double part : {mean.host_ns, mean.queue_ns, mean.device_ns, mean.wake_up_ns}) {
      text += right(duration_text(part), 10);
    }
    text += right(std::to_string(which.samples), 10) + "\n";
  };
  text += fmt::format("  {:<16}{}{}{}{}{}\n", "mean time", right("host", 10), right("queue", 10),
                      right("device", 10), right("wake-up", 10), right("samples", 10));
  row("all", found.all);
  if (found.slow.samples != 0) row(fmt::format("slowest {:g} %", 100 * found.slow_fraction), found.slow);
}

void add_changes(std::string& text, const BenchReport& report) {
  for (std::size_t i = 0; i < report.after.size() && i < report.before.size(); ++i) {
    const json changed = changes(state_json(report.before[i]), state_json(report.after[i]));
    std::string line = fmt::format("card {}: ", report.cards[i].qid);
    if (changed.empty()) {
      line += "health and link as before";
    } else {
      line += "changed during the run:";
      for (const auto& [name, both] : changed.items()) {
        line += fmt::format(" {} {} -> {},", name, both.at("before").dump(), both.at("after").dump());
      }
      line.pop_back();
    }
    text += wrapped(line, 2);
  }
}

void add_environment(std::string& text, const BenchReport& report) {
  const auto& host = report.environment;
  text += wrapped(fmt::format("host: Linux {}, {} x {}, governor {}, load {}",
                              host.kernel.value_or("unknown"), host.cpus ? std::to_string(*host.cpus) : "?",
                              host.cpu.value_or("unknown CPU"), host.governor.value_or("unknown"),
                              host.load_average ? fmt::format("{:.1f}", *host.load_average) : "unknown"),
                  2);
  for (std::size_t i = 0; i < report.before.size(); ++i) {
    const auto& status = report.before[i].answer.status;
    if (!status) continue;
    text += wrapped(
        fmt::format("card {}: {}, firmware {}", report.cards[i].qid, qaic_sku_name(status->sku_type),
                    version_text(status->fw_major, status->fw_minor, status->fw_patch, status->fw_build)),
        2);
  }
  text +=
      wrapped(fmt::format("program: sha256 {}", report.file.sha256 ? report.file.sha256->substr(0, 16) + "…"
                                                                   : std::string("unknown")),
              2);
}

}  // namespace

bool depths_differ(const BenchReport& report) {
  return std::any_of(report.points.begin(), report.points.end(), [&](const Measurement& point) {
    return point.load.depth != report.points.front().load.depth;
  });
}

std::string report_text(const BenchReport& report) {
  std::string text;
  if (report.points.empty()) return text;
  text += wrapped(
      fmt::format("{} on {}, {}", report.program, cards_text(report), loop_text(report.points[0].load)), 0);
  add_table(text, report);
  text += "\n";
  add_findings(text, report);
  const auto& shown = report.points.back();
  if (shown.inferences != 0) {
    const std::string title = report.points.size() == 1 ? "" : " at " + name_of(report, shown.load);
    text += fmt::format("\nWhere the time goes{}\n", title);
    add_stages(text, shown);
    const std::string slow = tail_sentence(shown.attribution);
    if (!slow.empty()) text += wrapped(slow, 2);
    text += fmt::format("\nLatency of {} inferences{}\n", shown.inferences + shown.unserved, title);
    text += text_histogram(shown.series.total());
  }
  text += "\n";
  add_changes(text, report);
  add_environment(text, report);
  return text;
}

}  // namespace qaic::tools::run::bench
