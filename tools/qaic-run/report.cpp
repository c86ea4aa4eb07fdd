#include "tools/qaic-run/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include "tools/common/holders.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-run/bench/histogram.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

namespace {

template <class T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

std::uint64_t percentile(const Outcome& outcome, double fraction) {
  auto sorted = outcome.latencies_ns;
  std::sort(sorted.begin(), sorted.end());
  return sorted[bench::Histogram::rank_of(fraction, sorted.size()) - 1];
}

// One after the other; what lies between, reading files and comparing, is not of them.
double per_second(const Outcome& outcome) {
  const auto& all = outcome.latencies_ns;
  const auto sum = std::accumulate(all.begin(), all.end(), std::uint64_t{0});
  return static_cast<double>(all.size()) * 1e9 / static_cast<double>(std::max<std::uint64_t>(sum, 1));
}

nlohmann::json comparison_row(const Comparison& c, const Criteria& criteria) {
  nlohmann::json row{{"passed", c.passed},
                     {"equal", c.equal},
                     {"elements", c.elements},
                     {"mismatches", c.mismatches},
                     {"first_mismatch", or_null(c.first_mismatch)},
                     {"largest_error", c.largest_error},
                     {"rtol", or_null(criteria.rtol)},
                     {"atol", or_null(criteria.atol)},
                     {"cosine", or_null(c.cosine)},
                     {"top_k", nullptr}};
  if (c.top_k) {
    row["top_k"] = {{"k", c.top_k->k},
                    {"rows", c.top_k->rows},
                    {"same_set", c.top_k->same_set},
                    {"same_order", c.top_k->same_order},
                    {"first_difference", or_null(c.top_k->first_difference)}};
  }
  return row;
}

nlohmann::json batch_row(const Batch& batch, const Outcome& outcome) {
  nlohmann::json differing = nlohmann::json::array();
  for (const auto number : outcome.differing) differing.push_back(batch.stems[number]);
  return {{"size", batch.stems.size()}, {"differing", std::move(differing)}};
}

nlohmann::json fit_row(const Fit& fit) {
  nlohmann::json resources = nlohmann::json::array();
  for (const auto& need : fit.needs) {
    resources.push_back({{"resource", need.resource},
                         {"needed", need.needed},
                         {"free", need.free},
                         {"total", need.total},
                         {"short", need.needed > need.free}});
  }
  // The card tells how many networks are active, not whose they are: that is for
  // the host to tell.
  return {{"fits", fit.fits()},
          {"resources", std::move(resources)},
          {"networks_active", fit.networks_active},
          {"held_by", holders_json(fit.holders)}};
}

// Of an input in the last inference, or in the first if there was none.
std::uint64_t sent_bytes(const Job& job, const Outcome& outcome, std::size_t i) {
  const std::size_t ended = outcome.latencies_ns.size();
  const auto& form = job.forms_of(ended == 0 ? 0 : ended - 1)[i];
  return is_partial(job.tensors[i]) ? form.byte_size : job.tensors[i].byte_size;
}

nlohmann::json tensor_row(const Job& job, const Outcome& outcome, const Criteria& criteria, std::size_t i) {
  const auto& tensor = job.tensors[i];
  nlohmann::json row{{"name", tensor.name},
                     {"direction", tensor.direction == QAIC_TENSOR_INPUT ? "input" : "output"},
                     {"type", tensor_type(tensor.type).name},
                     {"dims", std::vector<std::int32_t>(tensor.dims, tensor.dims + tensor.dim_count)},
                     {"size_bytes", tensor.byte_size},
                     {"partial", is_partial(tensor)},
                     {"sent_bytes", nullptr},
                     {"comparison", nullptr}};
  if (tensor.direction == QAIC_TENSOR_INPUT) row["sent_bytes"] = sent_bytes(job, outcome, i);
  const auto found = outcome.comparisons.find(i);
  if (found != outcome.comparisons.end()) row["comparison"] = comparison_row(found->second, criteria);
  return row;
}

// Where the largest element of each row is: a row is the last dimension.
void print_largest(std::string& text, const qaic_tensor& tensor, base::Bytes bytes) {
  constexpr std::size_t kShown = 20;
  const std::size_t size = tensor_type(tensor.type).size;
  const auto row = tensor.dim_count == 0 ? 0 : static_cast<std::size_t>(tensor.dims[tensor.dim_count - 1]);
  if (row < 2) return;
  const std::size_t rows = bytes.size() / size / row;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "    largest{} at:", rows > 1 ? " of each row" : "");
  for (std::size_t r = 0; r < std::min(rows, kShown); ++r) {
    const std::byte* data = bytes.data() + r * row * size;
    std::size_t largest = 0;
    for (std::size_t n = 1; n < row; ++n) {
      if (element(tensor.type, data + n * size) > element(tensor.type, data + largest * size)) largest = n;
    }
    fmt::format_to(out, " {}", largest);
  }
  fmt::format_to(out, "{}\n", rows > kShown ? " …" : "");
}

void print_batch(std::string& text, const Batch& batch, const Outcome& outcome) {
  constexpr std::size_t kShown = 20;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "  batch of {}", batch.stems.size());
  if (!outcome.comparisons.empty()) fmt::format_to(out, ", {} differ", outcome.differing.size());
  for (std::size_t i = 0; i < std::min(outcome.differing.size(), kShown); ++i) {
    fmt::format_to(out, "{} {}", i == 0 ? ":" : "", batch.stems[outcome.differing[i]]);
  }
  fmt::format_to(out, "{}; below, the last output and the last comparison that failed\n",
                 outcome.differing.size() > kShown ? " …" : "");
}

void print_fit(std::string& text, const Job& job, const qaic_card_info& card, const Fit& fit) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{} {} card {} ({}) now\n", printable(job.program.name()),
                 fit.fits() ? "fits on" : "does not fit on", card.qid, card.pci_address);
  for (const auto& need : fit.needs) {
    fmt::format_to(out, "  {:<18} {:>6} needed, {:>6} of {} free{}\n", need.unit, need.needed, need.free,
                   need.total, need.needed > need.free ? "  short" : "");
  }
  fmt::format_to(out, "  {} on it; open in: {}\n", fit.activity(), holders_text(fit.holders));
}

// Inputs of which less than the whole is sent, or may be.
void print_partial(std::string& text, const Job& job, const Outcome& outcome, std::size_t i) {
  const auto& tensor = job.tensors[i];
  const std::uint64_t sent = sent_bytes(job, outcome, i);
  if (!is_partial(tensor) || (!outcome.fit && sent == tensor.byte_size)) return;
  fmt::format_to(std::back_inserter(text), "  input {} ({}): partial, {} of {} bytes {}\n",
                 printable(tensor.name), tensor_text(tensor), sent, tensor.byte_size,
                 outcome.fit ? "to be sent" : "sent");
}

void print_comparison(std::string& text, const Comparison& c, const Criteria& criteria) {
  const auto out = std::back_inserter(text);
  if (c.equal) {
    fmt::format_to(out, "    equals the expected output, {} elements\n", c.elements);
    return;
  }
  if (c.mismatches == 0) {
    fmt::format_to(out, "    near the expected output, {} elements; largest error {:g}\n", c.elements,
                   c.largest_error);
  } else {
    fmt::format_to(out,
                   "    differs in {} of {} elements, first at {}: expected {}, got {}; largest error {:g}\n",
                   c.mismatches, c.elements, *c.first_mismatch, c.expected, c.actual, c.largest_error);
  }
  if (c.cosine) {
    fmt::format_to(out, "    cosine {:.9g}, {}at least {:g}\n", *c.cosine,
                   *c.cosine >= *criteria.cosine ? "" : "not ", *criteria.cosine);
  }
  if (c.top_k) {
    fmt::format_to(out, "    top {}: the same in {} of {} rows, in {} also in order{}\n", c.top_k->k,
                   c.top_k->same_set, c.top_k->rows, c.top_k->same_order,
                   c.top_k->first_difference
                       ? fmt::format("; the first other one is row {}", *c.top_k->first_difference)
                       : "");
  }
}

void print_output(std::string& text, const Job& job, const Outcome& outcome, const Criteria& criteria,
                  std::size_t i) {
  constexpr std::size_t kShown = 10;
  const auto out = std::back_inserter(text);
  const std::size_t size = tensor_type(job.tensors[i].type).size;
  const auto& bytes = outcome.outputs[i];
  const std::size_t count = bytes.size() / size;
  fmt::format_to(out, "  output {} ({}):", printable(job.tensors[i].name), tensor_text(job.tensors[i]));
  for (std::size_t n = 0; n < std::min(count, kShown); ++n) {
    fmt::format_to(out, " {}", element_text(job.tensors[i].type, bytes.data() + n * size));
  }
  fmt::format_to(out, "{}\n", count > kShown ? " …" : "");
  print_largest(text, job.tensors[i], bytes);
  const auto found = outcome.comparisons.find(i);
  if (found == outcome.comparisons.end()) return;
  print_comparison(text, found->second, criteria);
}

}  // namespace

nlohmann::json report_row(const Job& job, const qaic_card_info& card, const Outcome& outcome,
                          const Criteria& criteria) {
  nlohmann::json tensors = nlohmann::json::array();
  for (std::size_t i = 0; i < job.tensors.size(); ++i)
    tensors.push_back(tensor_row(job, outcome, criteria, i));
  nlohmann::json row{{"qid", card.qid},
                     {"pci_address", card.pci_address},
                     {"node", card.node},
                     {"program", job.program.name()},
                     {"tensors", std::move(tensors)},
                     {"inferences", outcome.latencies_ns.size()},
                     {"mismatching_inferences", outcome.mismatching_iterations},
                     {"latency", nullptr},
                     {"inferences_per_second", nullptr},
                     {"last_device_latency_us", nullptr},
                     {"batch", job.batch ? batch_row(*job.batch, outcome) : nlohmann::json(nullptr)},
                     {"fit", outcome.fit ? fit_row(*outcome.fit) : nlohmann::json(nullptr)}};
  if (!outcome.latencies_ns.empty()) {
    row["latency"] = {{"min_ns", percentile(outcome, 0)},
                      {"median_ns", percentile(outcome, 0.5)},
                      {"p99_ns", percentile(outcome, 0.99)},
                      {"max_ns", percentile(outcome, 1)}};
    row["inferences_per_second"] = per_second(outcome);
  }
  if (outcome.stats) row["last_device_latency_us"] = outcome.stats->device_latency_us;
  return row;
}

std::string report_text(const Job& job, const CardRun& run, const Criteria& criteria) {
  std::string text;
  const Outcome& outcome = run.outcome();
  const qaic_card_info& card = run.card();
  const auto print_inputs = [&] {
    for (std::size_t i = 0; i < job.tensors.size(); ++i) print_partial(text, job, outcome, i);
  };
  if (outcome.fit) {
    print_fit(text, job, card, *outcome.fit);
    print_inputs();
  }
  if (outcome.latencies_ns.empty()) return text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{} on card {} ({}): {} inference{}", printable(job.program.name()), card.qid,
                 card.pci_address, outcome.latencies_ns.size(), outcome.latencies_ns.size() == 1 ? "" : "s");
  if (outcome.latencies_ns.size() == 1) {
    fmt::format_to(out, ", {:.3f} ms\n", static_cast<double>(outcome.latencies_ns[0]) / 1e6);
  } else {
    fmt::format_to(out, ", median {:.3f} ms, p99 {:.3f} ms, {:.0f} per second\n",
                   static_cast<double>(percentile(outcome, 0.5)) / 1e6,
                   static_cast<double>(percentile(outcome, 0.99)) / 1e6, per_second(outcome));
  }
  if (job.batch) print_batch(text, *job.batch, outcome);
  print_inputs();
  for (std::size_t i = 0; i < outcome.outputs.size(); ++i) {
    if (job.tensors[i].direction == QAIC_TENSOR_OUTPUT) print_output(text, job, outcome, criteria, i);
  }
  return text;
}

}  // namespace qaic::tools::run
