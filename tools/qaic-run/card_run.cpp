#include "tools/qaic-run/card_run.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "os/interruption.hpp"
#include "tools/common/holders.hpp"
#include "tools/qaic-run/input_memory.hpp"

namespace qaic::tools::run {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

void CardRun::failed(Failure failure) {
  failure.qid = card_.qid;
  failures_.push_back(std::move(failure));
}

bool CardRun::open_device() {
  auto device = Device::open(card_.node);
  if (!device) {
    failed(device.error());
    return false;
  }
  device_.emplace(std::move(*device));
  return true;
}

void CardRun::ask_for_room() {
  const auto inspection = job_.program.inspect();
  if (!inspection) return failed(inspection.error());
  const auto status = device_->status();
  if (!status) return failed(status.error());
  outcome_.fit = fit_of(nlohmann::json::parse(*inspection), *status);
  outcome_.fit->holders = holders_of_card(card_.node);
  if (const auto shortage = outcome_.fit->shortage(job_.program.name())) failed(*shortage);
}

void CardRun::run() {
  progress_.uses(card_.qid);
  if (options_.dry_run) {
    progress_.waiting(options_.global.timeout);
    if (open_device()) ask_for_room();
  } else {
    progress_.waiting(options_.global.timeout + loading_allowance(options_.program));
    if (open_device()) use_network();
  }
  progress_.at_ease();
}

void CardRun::use_network() {
  auto network = Network::load(*device_, job_.program);
  if (!network) return failed(load_failure(network.error(), card_));
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
  if (unloaded) return;
  outcome_ = Outcome();
  const bool said = !failures_.empty() && failures_.back().id == unloaded.error().id();
  if (os::interrupted_by() == 0 && !said) failed(unloaded.error());
}

bool CardRun::put(Inference& inference, std::size_t index, base::Bytes data, const qaic_tensor& form) {
  const auto done = put_input(inference, index, data, form);
  if (!done) failed(done.error());
  return done.has_value();
}

bool CardRun::fill_inputs(Inference& inference, const std::vector<qaic_tensor>& forms) {
  for (std::size_t i = 0; i < job_.tensors.size(); ++i) {
    if (job_.tensors[i].direction != QAIC_TENSOR_INPUT) continue;
    if (job_.batch && job_.batch->inputs.contains(i)) continue;
    if (!put(inference, i, job_.inputs[i], forms[i])) return false;
  }
  return true;
}

// Reads the files of one inference; they were read and checked before.
bool CardRun::next_of_batch(Inference& inference, std::size_t number) {
  progress_.at_ease();
  const auto& forms = job_.forms_of(number);
  if (number != 0 && job_.shapes.vary() && !fill_inputs(inference, forms)) return false;
  for (const auto& [index, files] : job_.batch->inputs) {
    const auto data = read_input(files[number], job_.tensors[index], options_.cast, job_.shapes);
    if (!data) {
      failed(failure_of(data.error()));
      return false;
    }
    if (!put(inference, index, data->bytes, forms[index])) return false;
  }
  for (const auto& [index, files] : job_.batch->expected) {
    auto bytes = read_tensor(files[number], job_.tensors[index], options_.cast);
    if (!bytes) {
      failed(failure_of(bytes.error()));
      return false;
    }
    expected_[index] = std::move(*bytes);
  }
  progress_.waiting(options_.global.timeout);
  return true;
}

std::vector<base::ByteVector> CardRun::outputs_of(Inference& inference) const {
  std::vector<base::ByteVector> outputs(job_.tensors.size());
  for (std::size_t i = 0; i < job_.tensors.size(); ++i) {
    if (job_.tensors[i].direction != QAIC_TENSOR_OUTPUT) continue;
    const auto memory = inference.tensor(i);
    outputs[i].assign(memory.begin(), memory.end());
  }
  return outputs;
}

void CardRun::iterate(Inference& inference) {
  if (!fill_inputs(inference, job_.forms_of(0))) return;
  expected_ = job_.expected;
  const std::uint64_t count = job_.batch ? job_.batch->stems.size() : options_.iterations;
  outcome_.latencies_ns.reserve(std::min<std::uint64_t>(count, 1U << 24));
  bool complete = true;
  progress_.waiting(options_.global.timeout);
  for (std::uint64_t n = 0; n < count && os::interrupted_by() == 0; ++n) {
    if (job_.batch && !next_of_batch(inference, n)) {
      complete = false;
      break;
    }
    const auto start = Clock::now();
    auto done = inference.submit();
    if (done) done = inference.wait(static_cast<std::uint32_t>(options_.global.timeout.count()));
    if (!done) {
      if (os::interrupted_by() == 0) failed(done.error());
      complete = false;
      break;
    }
    const auto end = Clock::now();
    outcome_.latencies_ns.push_back(static_cast<std::uint64_t>((end - start).count()));
    if (!check(inference)) {
      ++outcome_.mismatching_iterations;
      if (job_.batch) outcome_.differing.push_back(n);
    }
    if (job_.batch) outcome_.batch_outputs.push_back(outputs_of(inference));
    progress_.still_waiting(options_.global.timeout, end);
  }
  if (outcome_.latencies_ns.empty() || !complete) return;
  if (auto stats = inference.stats()) outcome_.stats = *stats;
  outcome_.outputs = outputs_of(inference);
}

bool CardRun::check(Inference& inference) {
  bool right = true;
  for (const auto& [index, expected] : expected_) {
    const auto memory = inference.tensor(index);
    auto found = compare(job_.tensors[index], expected, memory, options_.criteria);
    right = right && found.passed;
    auto& kept = outcome_.comparisons[index];
    if (kept.passed || !found.passed) kept = std::move(found);
  }
  return right;
}

}  // namespace qaic::tools::run
