#include "tools/qaic-run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <map>

#include "os/file.hpp"
#include "os/interruption.hpp"
#include "os/worker.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/selection.hpp"
#include "tools/qaic-run/comparison.hpp"
#include "tools/qaic-run/tensor_data.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

namespace {

using base::ByteVector;
using Clock = std::chrono::steady_clock;

Failure failure_of(const base::Error& error) {
  return {static_cast<int>(error.kind), error.id, error.what, error.hint, std::nullopt};
}

// More time to load a program with many constants: one second for each part.
std::chrono::milliseconds loading_allowance(const std::string& program) {
  constexpr std::uint64_t kPart = 256ULL << 20;
  const bool folder = os::file_kind(program) == os::FileKind::folder;
  const auto file = os::open_file(folder ? program + "/programqpc.bin" : program, os::OpenMode::read);
  const auto size = file ? os::file_size(file->get()) : base::Result<std::uint64_t>(0);
  return std::chrono::seconds(size.value_or(0) / kPart);
}

struct Outcome {
  std::vector<std::uint64_t> latencies_ns;
  std::uint64_t total_ns = 0;
  std::uint64_t mismatching_iterations = 0;
  std::map<std::size_t, Comparison> comparisons;  // of the last iteration that differed, or the last
  std::vector<ByteVector> outputs;                // by tensor index, empty for inputs
  std::optional<qaic_inference_stats> stats;
};

class Session {
 public:
  Session(const RunOptions& options, Progress& progress) : options_(options), progress_(progress) {}

  int run() {
    const bool prepared = open_program() && read_files() && choose_card();
    if (prepared) {
      os::note_interruption();
      execute();
    }
    return report();
  }

 private:
  bool failed(Failure failure) {
    if (card_) failure.qid = card_->qid;
    failures_.push_back(std::move(failure));
    return false;
  }
  bool failed(const qaic::Error& error) { return failed(Failure::from(error)); }

  bool open_program() {
    auto program = Program::open(options_.program);
    if (!program) return failed(program.error());
    program_.emplace(std::move(*program));
    tensors_ = program_->tensors();
    for (const auto& tensor : tensors_) {
      if (tensor_type(tensor.type).size == 0) {
        return failed({kUnsupported, "tensor-type",
                       fmt::format("'{}' has element type {}, which is not known", tensor.name, tensor.type),
                       "qaic-qpc inspect shows the program", std::nullopt});
      }
    }
    return true;
  }

  bool read_files() {
    input_bytes_.resize(tensors_.size());
    const auto inputs = match_tensors(options_.inputs, tensors_, QAIC_TENSOR_INPUT);
    const auto saves = match_tensors(options_.saves, tensors_, QAIC_TENSOR_OUTPUT);
    const auto expected = match_tensors(options_.expected, tensors_, QAIC_TENSOR_OUTPUT);
    for (const auto* files : {&inputs, &saves, &expected}) {
      if (!*files) return failed(failure_of(files->error()));
    }
    saves_ = *saves;
    std::vector<bool> given(tensors_.size(), false);
    for (const auto& file : *inputs) {
      auto bytes = read_tensor(file.path, tensors_[file.tensor]);
      if (!bytes) return failed(failure_of(bytes.error()));
      input_bytes_[file.tensor] = std::move(*bytes);
      given[file.tensor] = true;
    }
    for (const auto& file : *expected) {
      auto bytes = read_tensor(file.path, tensors_[file.tensor]);
      if (!bytes) return failed(failure_of(bytes.error()));
      expected_bytes_[file.tensor] = std::move(*bytes);
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].direction != QAIC_TENSOR_INPUT || given[i]) continue;
      if (options_.seed) {
        input_bytes_[i] = random_tensor(tensors_[i], *options_.seed);
      } else if (options_.zero) {
        input_bytes_[i].assign(tensors_[i].byte_size, std::byte{0});
      } else {
        return failed({kUsage, "tensor-missing",
                       fmt::format("no data for input '{}' ({})", tensors_[i].name, tensor_text(tensors_[i])),
                       fmt::format("-i {}=FILE, or --random, or --zero", tensors_[i].name), std::nullopt});
      }
    }
    return true;
  }

  bool choose_card() {
    auto selection = select_cards(options_.global.devices, options_.global.timeout);
    if (!selection.failures.empty()) {
      failures_ = selection.failures;
      return false;
    }
    if (options_.global.devices.empty()) {
      // The first card that has a node.
      const auto usable = std::find_if(selection.cards.begin(), selection.cards.end(),
                                       [](const auto& card) { return card.node[0] != '\0'; });
      if (usable != selection.cards.end()) selection.cards = {*usable};
    }
    if (selection.cards.size() > 1 && !options_.global.devices.empty()) {
      return failed({kUsage, "usage",
                     fmt::format("the selection names {} cards; a run takes one", selection.cards.size()),
                     "give one card with -d", std::nullopt});
    }
    card_ = selection.cards.front();
    if (card_->node[0] == '\0') {
      return failed({kUnavailable, "card-no-node",
                     fmt::format("{}: this card has no device node", card_->pci_address), "dmesg | grep qaic",
                     std::nullopt});
    }
    return true;
  }

  void execute() {
    progress_.uses(card_->qid);
    progress_.waiting(options_.global.timeout + loading_allowance(options_.program));
    run_network();
    progress_.at_ease();
    for (const auto& file : saves_) {
      if (outcome_.outputs.empty()) break;
      const auto written = write_tensor(file.path, tensors_[file.tensor], outcome_.outputs[file.tensor]);
      if (!written) failed(failure_of(written.error()));
    }
  }

  // Leaves the device open: what the kernel does when it closes can wait.
  void run_network() {
    auto device = Device::open(card_->node);
    if (!device) return void(failed(device.error()));
    device_.emplace(std::move(*device));
    auto network = Network::load(*device_, *program_);
    if (!network) return void(failed(network.error()));
    {
      auto inference = Inference::create(*network);
      if (!inference) {
        failed(inference.error());
      } else {
        iterate(*inference);
      }
    }
    progress_.waiting(options_.global.timeout);
    // The driver hides failed transfers: only the unload tells whether the
    // network lived, and so whether its outputs are its outputs.
    const auto unloaded = network->unload();
    if (!unloaded) {
      outcome_ = Outcome();
      const bool said = !failures_.empty() && failures_.back().id == unloaded.error().id();
      if (os::interrupted_by() == 0 && !said) failed(unloaded.error());
    }
  }

  void iterate(Inference& inference) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto memory = inference.tensor(i);
      if (tensors_[i].direction != QAIC_TENSOR_INPUT || memory.empty()) continue;
      std::memcpy(memory.data(), input_bytes_[i].data(), std::min(memory.size(), input_bytes_[i].size()));
    }
    outcome_.latencies_ns.reserve(std::min<std::uint64_t>(options_.iterations, 1U << 24));
    const auto first = Clock::now();
    progress_.waiting(options_.global.timeout);
    for (std::uint64_t n = 0; n < options_.iterations && os::interrupted_by() == 0; ++n) {
      const auto start = Clock::now();
      auto done = inference.submit();
      if (done) done = inference.wait(static_cast<std::uint32_t>(options_.global.timeout.count()));
      if (!done) {
        if (os::interrupted_by() == 0) failed(done.error());
        return;
      }
      const auto end = Clock::now();
      outcome_.latencies_ns.push_back(static_cast<std::uint64_t>((end - start).count()));
      check(inference);
      progress_.still_waiting(options_.global.timeout, end);
    }
    outcome_.total_ns = static_cast<std::uint64_t>((Clock::now() - first).count());
    if (outcome_.latencies_ns.empty()) return;
    if (auto stats = inference.stats()) outcome_.stats = *stats;
    outcome_.outputs.resize(tensors_.size());
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].direction != QAIC_TENSOR_OUTPUT) continue;
      const auto memory = inference.tensor(i);
      outcome_.outputs[i].assign(memory.begin(), memory.end());
    }
  }

  void check(Inference& inference) {
    bool differs = false;
    for (const auto& [index, expected] : expected_bytes_) {
      const auto memory = inference.tensor(index);
      const bool same = memory.size() == expected.size() &&
                        std::memcmp(memory.data(), expected.data(), expected.size()) == 0;
      auto& kept = outcome_.comparisons[index];
      if (same && kept.mismatches != 0) continue;
      if (same) {
        kept.elements = expected.size() / tensor_type(tensors_[index].type).size;
      } else {
        kept = compare(tensors_[index], expected, memory);
        differs = true;
      }
    }
    if (differs) ++outcome_.mismatching_iterations;
  }

  int exit_code() const {
    if (os::interrupted_by() != 0) return 128 + os::interrupted_by();
    if (!failures_.empty()) return failures_.front().exit_code;
    return outcome_.mismatching_iterations == 0 ? kDone : kVerdictNo;
  }

  std::uint64_t percentile(double fraction) const {
    auto sorted = outcome_.latencies_ns;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size() - 1) + 0.5);
    return sorted[rank];
  }

  double per_second() const {
    return static_cast<double>(outcome_.latencies_ns.size()) * 1e9 / static_cast<double>(outcome_.total_ns);
  }

  nlohmann::json tensor_row(std::size_t i) const {
    const auto& tensor = tensors_[i];
    nlohmann::json row{{"name", tensor.name},
                       {"direction", tensor.direction == QAIC_TENSOR_INPUT ? "input" : "output"},
                       {"type", tensor_type(tensor.type).name},
                       {"dims", std::vector<std::int32_t>(tensor.dims, tensor.dims + tensor.dim_count)},
                       {"size_bytes", tensor.byte_size},
                       {"comparison", nullptr}};
    const auto found = outcome_.comparisons.find(i);
    if (found != outcome_.comparisons.end()) {
      const auto& c = found->second;
      row["comparison"] = {{"equal", c.mismatches == 0},
                           {"elements", c.elements},
                           {"mismatches", c.mismatches},
                           {"first_mismatch", c.first_mismatch ? nlohmann::json(*c.first_mismatch) : nullptr},
                           {"largest_error", c.largest_error}};
    }
    return row;
  }

  nlohmann::json device_row() const {
    nlohmann::json tensors = nlohmann::json::array();
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors.push_back(tensor_row(i));
    nlohmann::json row{{"qid", card_->qid},
                       {"pci_address", card_->pci_address},
                       {"node", card_->node},
                       {"program", program_->name()},
                       {"tensors", std::move(tensors)},
                       {"inferences", outcome_.latencies_ns.size()},
                       {"mismatching_inferences", outcome_.mismatching_iterations},
                       {"latency", nullptr},
                       {"inferences_per_second", nullptr},
                       {"last_device_latency_us", nullptr}};
    if (!outcome_.latencies_ns.empty()) {
      row["latency"] = {{"min_ns", percentile(0)},
                        {"median_ns", percentile(0.5)},
                        {"p99_ns", percentile(0.99)},
                        {"max_ns", percentile(1)}};
      row["inferences_per_second"] = per_second();
    }
    if (outcome_.stats) row["last_device_latency_us"] = outcome_.stats->device_latency_us;
    return row;
  }

  // Where the largest element of each row is: a row is the last dimension.
  void print_largest(std::string& text, std::size_t i) const {
    constexpr std::size_t kShown = 20;
    const auto& tensor = tensors_[i];
    const std::size_t size = tensor_type(tensor.type).size;
    const auto row = tensor.dim_count == 0 ? 0 : static_cast<std::size_t>(tensor.dims[tensor.dim_count - 1]);
    if (row < 2) return;
    const std::size_t rows = outcome_.outputs[i].size() / size / row;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "    largest{} at:", rows > 1 ? " of each row" : "");
    for (std::size_t r = 0; r < std::min(rows, kShown); ++r) {
      const std::byte* data = outcome_.outputs[i].data() + r * row * size;
      std::size_t largest = 0;
      for (std::size_t n = 1; n < row; ++n) {
        if (element(tensor.type, data + n * size) > element(tensor.type, data + largest * size)) largest = n;
      }
      fmt::format_to(out, " {}", largest);
    }
    fmt::format_to(out, "{}\n", rows > kShown ? " …" : "");
  }

  void print_output(std::string& text, std::size_t i) const {
    constexpr std::size_t kShown = 10;
    const auto out = std::back_inserter(text);
    const std::size_t size = tensor_type(tensors_[i].type).size;
    const auto& bytes = outcome_.outputs[i];
    const std::size_t count = bytes.size() / size;
    fmt::format_to(out, "  output {} ({}):", tensors_[i].name, tensor_text(tensors_[i]));
    for (std::size_t n = 0; n < std::min(count, kShown); ++n) {
      fmt::format_to(out, " {}", element_text(tensors_[i].type, bytes.data() + n * size));
    }
    fmt::format_to(out, "{}\n", count > kShown ? " …" : "");
    print_largest(text, i);
    const auto found = outcome_.comparisons.find(i);
    if (found == outcome_.comparisons.end()) return;
    const auto& c = found->second;
    if (c.mismatches == 0) {
      fmt::format_to(out, "    equals the expected output, {} elements\n", c.elements);
    } else {
      fmt::format_to(
          out, "    differs in {} of {} elements, first at {}: expected {}, got {}; largest error {:g}\n",
          c.mismatches, c.elements, *c.first_mismatch, c.expected, c.actual, c.largest_error);
    }
  }

  std::string text() const {
    std::string text;
    if (!card_ || outcome_.latencies_ns.empty()) return text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "{} on card {} ({}): {} inference{}", program_->name(), card_->qid,
                   card_->pci_address, outcome_.latencies_ns.size(),
                   outcome_.latencies_ns.size() == 1 ? "" : "s");
    if (outcome_.latencies_ns.size() == 1) {
      fmt::format_to(out, ", {:.3f} ms\n", static_cast<double>(outcome_.latencies_ns[0]) / 1e6);
    } else {
      fmt::format_to(out, ", median {:.3f} ms, p99 {:.3f} ms, {:.0f} per second\n",
                     static_cast<double>(percentile(0.5)) / 1e6, static_cast<double>(percentile(0.99)) / 1e6,
                     per_second());
    }
    for (std::size_t i = 0; i < outcome_.outputs.size(); ++i) {
      if (tensors_[i].direction == QAIC_TENSOR_OUTPUT) print_output(text, i);
    }
    return text;
  }

  int report() const {
    const int code = exit_code();
    const bool stdout_taken =
        options_.global.output_file.empty() &&
        std::any_of(saves_.begin(), saves_.end(), [](const auto& f) { return f.path == "-"; });
    int written = kDone;
    if (options_.global.json) {
      nlohmann::json devices = nlohmann::json::array();
      if (card_ && program_) devices.push_back(device_row());
      written = write_document(
          envelope("qaic.run/1", kTool, options_.global.devices, code, std::move(devices), failures_),
          options_.global.output_file);
    } else if (stdout_taken) {
      const std::string report = text();
      if (!options_.global.quiet) std::fwrite(report.data(), 1, report.size(), stderr);
    } else {
      written = write_text(text(), options_.global.output_file, kTool);
    }
    for (const auto& failure : failures_) print_failure(kTool, failure);
    return written != kDone ? written : code;
  }

  const RunOptions& options_;
  Progress& progress_;
  std::optional<Program> program_;
  std::vector<qaic_tensor> tensors_;
  std::vector<ByteVector> input_bytes_;  // by tensor index
  std::map<std::size_t, ByteVector> expected_bytes_;
  std::vector<TensorFile> saves_;
  std::optional<qaic_card_info> card_;
  std::optional<Device> device_;
  Outcome outcome_;
  std::vector<Failure> failures_;
};

}  // namespace

int run_session(const RunOptions& options, Progress& progress) {
  Session session(options, progress);
  const int code = session.run();
  os::leave_standard_streams();
  progress.ended(code);
  return code;
}

}  // namespace qaic::tools::run
