#include "tools/qaic-run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "os/interruption.hpp"
#include "os/worker.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/selection.hpp"
#include "tools/qaic-run/card_run.hpp"
#include "tools/qaic-run/report.hpp"

namespace qaic::tools::run {

namespace {

class Session {
 public:
  Session(const RunOptions& options, Progress& progress) : options_(options), progress_(progress) {}

  int run() {
    if (prepare() && choose_card()) {
      os::note_interruption();
      run_.emplace(*job_, options_, progress_, *card_);
      run_->run();
      failures_ = run_->failures();
      if (!run_->outcome().outputs.empty()) {
        save(run_->outcome());
      }
    }
    return report();
  }

 private:
  bool failed(Failure failure) {
    if (card_) failure.qid = card_->qid;
    failures_.push_back(std::move(failure));
    return false;
  }

  bool prepare() {
    auto job = prepare_job(options_);
    if (const auto* failure = std::get_if<Failure>(&job)) return failed(*failure);
    job_.emplace(std::get<Job>(std::move(job)));
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

  void save(const Outcome& outcome) {
    auto saved = write_tensors(job_->saves, job_->tensors, outcome.outputs);
    for (std::size_t n = 0; saved && n < outcome.batch_outputs.size(); ++n) {
      std::vector<TensorFile> files;
      for (const auto& [tensor, paths] : job_->batch->saves) files.push_back({tensor, paths[n]});
      saved = write_tensors(files, job_->tensors, outcome.batch_outputs[n]);
    }
    if (!saved) failed(failure_of(saved.error()));
  }

  int exit_code() const {
    if (os::interrupted_by() != 0) return 128 + os::interrupted_by();
    if (!failures_.empty()) return failures_.front().exit_code;
    return run_->outcome().mismatching_iterations == 0 ? kDone : kVerdictNo;
  }

  std::string text() const { return run_ ? report_text(*job_, *run_, options_.criteria) : std::string(); }

  int report() const {
    const int code = exit_code();
    const bool stdout_taken =
        options_.global.output_file.empty() && job_ &&
        std::any_of(job_->saves.begin(), job_->saves.end(), [](const auto& f) { return f.path == "-"; });
    int written = kDone;
    if (options_.global.json) {
      nlohmann::json devices = nlohmann::json::array();
      if (card_)
        devices.push_back(report_row(*job_, *card_, run_ ? run_->outcome() : Outcome(), options_.criteria));
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
  std::optional<Job> job_;
  std::optional<qaic_card_info> card_;
  std::optional<CardRun> run_;
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
