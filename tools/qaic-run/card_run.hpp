// One job on one card: load, run, compare, unload.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <qaic/qaic.hpp>
#include <vector>

#include "base/bytes.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-run/comparison.hpp"
#include "tools/qaic-run/fit.hpp"
#include "tools/qaic-run/job.hpp"
#include "tools/qaic-run/options.hpp"
#include "tools/qaic-run/progress.hpp"

namespace qaic::tools::run {

struct Outcome {
  std::vector<std::uint64_t> latencies_ns;  // one per inference that ended
  std::uint64_t mismatching_iterations = 0;
  std::map<std::size_t, Comparison> comparisons;  // of the last iteration that differed, or the last
  std::vector<base::ByteVector> outputs;          // of the last one, by tensor index, empty for inputs
  std::optional<qaic_inference_stats> stats;
  std::optional<Fit> fit;  // of a dry run
  // Of a batch: all outputs of each inference, and the numbers of those that differ.
  std::vector<std::vector<base::ByteVector>> batch_outputs;
  std::vector<std::size_t> differing;
};

class CardRun {
 public:
  CardRun(const Job& job, const RunOptions& options, Progress& progress, const qaic_card_info& card)
      : job_(job), options_(options), progress_(progress), card_(card) {}

  // Once. A dry run only asks the card. The network is unloaded afterwards; the device stays open until this
  // object goes, because closing it may take the kernel a long time.
  void run();

  [[nodiscard]] const qaic_card_info& card() const { return card_; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }

 private:
  void failed(Failure failure);
  void failed(const qaic::Error& error) { failed(Failure::from(error)); }
  bool open_device();
  void ask_for_room();
  void use_network();
  void iterate(Inference& inference);
  bool put(Inference& inference, std::size_t index, base::Bytes data, const qaic_tensor& form);
  bool fill_inputs(Inference& inference, const std::vector<qaic_tensor>& forms);
  bool next_of_batch(Inference& inference, std::size_t number);
  [[nodiscard]] std::vector<base::ByteVector> outputs_of(Inference& inference) const;
  // False when an output is not as expected.
  bool check(Inference& inference);

  const Job& job_;
  const RunOptions& options_;
  Progress& progress_;
  qaic_card_info card_;
  std::optional<Device> device_;
  std::map<std::size_t, base::ByteVector> expected_;
  Outcome outcome_;
  std::vector<Failure> failures_;
};

}  // namespace qaic::tools::run
