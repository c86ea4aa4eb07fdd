#include "tools/qaic-run/card_run.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "os/file.hpp"
#include "os/interruption.hpp"

namespace qaic::tools::run {

namespace {

using Clock = std::chrono::steady_clock;

// More time to load a program with many constants: one second for each part.
std::chrono::milliseconds loading_allowance(const std::string& program) {
  constexpr std::uint64_t kPart = 256ULL << 20;
  const bool folder = os::file_kind(program) == os::FileKind::folder;
  const auto file = os::open_file(folder ? program + "/programqpc.bin" : program, os::OpenMode::read);
  const auto size = file ? os::file_size(file->get()) : base::Result<std::uint64_t>(0);
  return std::chrono::seconds(size.value_or(0) / kPart);
}

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
  if (!network) return failed(network.error());
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

void CardRun::fill_inputs(Inference& inference) {
  for (std::size_t i = 0; i < job_.tensors.size(); ++i) {
    const auto memory = inference.tensor(i);
    if (job_.tensors[i].direction != QAIC_TENSOR_INPUT || memory.empty()) continue;
    std::memcpy(memory.data(), job_.inputs[i].data(), std::min(memory.size(), job_.inputs[i].size()));
  }
}

void CardRun::iterate(Inference& inference) {
  fill_inputs(inference);
  outcome_.latencies_ns.reserve(std::min<std::uint64_t>(options_.iterations, 1U << 24));
  bool complete = true;
  const auto first = Clock::now();
  progress_.waiting(options_.global.timeout);
  for (std::uint64_t n = 0; n < options_.iterations && os::interrupted_by() == 0; ++n) {
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
    check(inference);
    progress_.still_waiting(options_.global.timeout, end);
  }
  outcome_.total_ns = static_cast<std::uint64_t>((Clock::now() - first).count());
  if (outcome_.latencies_ns.empty() || !complete) return;
  if (auto stats = inference.stats()) outcome_.stats = *stats;
  outcome_.outputs.resize(job_.tensors.size());
  for (std::size_t i = 0; i < job_.tensors.size(); ++i) {
    if (job_.tensors[i].direction != QAIC_TENSOR_OUTPUT) continue;
    const auto memory = inference.tensor(i);
    outcome_.outputs[i].assign(memory.begin(), memory.end());
  }
}

void CardRun::check(Inference& inference) {
  bool differs = false;
  for (const auto& [index, expected] : job_.expected) {
    const auto memory = inference.tensor(index);
    auto found = compare(job_.tensors[index], expected, memory, options_.criteria);
    differs = differs || !found.passed;
    auto& kept = outcome_.comparisons[index];
    if (kept.passed || !found.passed) kept = std::move(found);
  }
  if (differs) ++outcome_.mismatching_iterations;
}

}  // namespace qaic::tools::run
