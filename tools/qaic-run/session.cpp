#include "tools/qaic-run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "os/interruption.hpp"
#include "os/worker.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/probe_client.hpp"
#include "tools/common/selection.hpp"
#include "tools/qaic-run/agreement.hpp"
#include "tools/qaic-run/card_run.hpp"
#include "tools/qaic-run/report.hpp"

namespace qaic::tools::run {

namespace {

class Session {
 public:
  Session(const RunOptions& options, Progress& progress) : options_(options), progress_(progress) {}

  int run() {
    if (prepare() && choose_cards()) {
      os::note_interruption();
      for (const auto& card : cards_) {
        if (os::interrupted_by() != 0) break;
        runs_.push_back(std::make_unique<CardRun>(*job_, options_, progress_, card));
        runs_.back()->run();
        const auto& failures = runs_.back()->failures();
        failures_.insert(failures_.end(), failures.begin(), failures.end());
      }
      const auto whole = complete();
      if (!whole.empty()) save(whole.front()->outcome());
      if (whole.size() > 1) compare_cards(whole);
    }
    return report();
  }

 private:
  bool failed(Failure failure) {
    if (cards_.size() == 1) failure.qid = cards_.front().qid;
    failures_.push_back(std::move(failure));
    return false;
  }

  bool prepare() {
    auto job = prepare_job(options_);
    if (const auto* failure = std::get_if<Failure>(&job)) return failed(*failure);
    job_.emplace(std::get<Job>(std::move(job)));
    return true;
  }

  bool choose_cards() {
    auto selection = select_cards(options_.global.devices, options_.global.timeout);
    if (!selection.failures.empty()) {
      failures_ = selection.failures;
      return false;
    }
    if (options_.global.devices.empty()) {
      // The first card that has a node, or all that have one.
      std::vector<qaic_card_info> usable;
      for (const auto& card : selection.cards) {
        if (card.node[0] != '\0' && (usable.empty() || options_.all_cards)) usable.push_back(card);
      }
      if (usable.empty()) usable.push_back(selection.cards.front());
      selection.cards = std::move(usable);
    }
    if (selection.cards.size() > 1 && !options_.all_cards) {
      return failed({kUsage, "usage",
                     fmt::format("the selection names {} cards; a run takes one", selection.cards.size()),
                     "give one card with -d, or --all-cards", std::nullopt});
    }
    cards_ = selection.cards;
    for (const auto& card : cards_) {
      if (card.node[0] != '\0') continue;
      failures_.push_back(no_node(card));
      return false;
    }
    return true;
  }

  // The runs that came to their end.
  std::vector<const CardRun*> complete() const {
    std::vector<const CardRun*> out;
    for (const auto& run : runs_) {
      if (!run->outcome().outputs.empty()) out.push_back(run.get());
    }
    return out;
  }

  void compare_cards(const std::vector<const CardRun*>& whole) {
    std::vector<const Outcome*> outcomes;
    for (const auto* run : whole) outcomes.push_back(&run->outcome());
    const auto agreement = agreement_of(outcomes);
    for (std::size_t i = 0; i < whole.size(); ++i) agrees_[whole[i]->card().qid] = agreement.agrees[i];
    majority_ = agreement.majority;
  }

  bool all_agree() const {
    return std::all_of(agrees_.begin(), agrees_.end(), [](const auto& card) { return card.second; });
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
    if (!failures_.empty())
      return complete().empty() || cards_.size() == 1 ? failures_.front().exit_code : kPartial;
    const bool right = std::all_of(runs_.begin(), runs_.end(), [](const auto& run) {
      return run->outcome().mismatching_iterations == 0;
    });
    return right && all_agree() ? kDone : kVerdictNo;
  }

  std::string text() const {
    std::string text;
    for (const auto& run : runs_) text += report_text(*job_, *run, options_.criteria);
    if (agrees_.empty()) return text;
    if (all_agree()) return text + fmt::format("all {} cards gave the same outputs\n", agrees_.size());
    if (!majority_) return text + "the cards gave different outputs, and no output came from most of them\n";
    for (const auto& [qid, agrees] : agrees_) {
      if (!agrees) text += fmt::format("card {} gave other outputs than most cards\n", qid);
    }
    return text;
  }

  nlohmann::json device_rows() const {
    nlohmann::json rows = nlohmann::json::array();
    for (std::size_t i = 0; i < cards_.size(); ++i) {
      rows.push_back(report_row(*job_, cards_[i], i < runs_.size() ? runs_[i]->outcome() : Outcome(),
                                options_.criteria));
      const auto found = agrees_.find(cards_[i].qid);
      rows.back()["agrees"] =
          found != agrees_.end() ? nlohmann::json(found->second) : nlohmann::json(nullptr);
    }
    return rows;
  }

  int report() const {
    const int code = exit_code();
    const bool stdout_taken =
        options_.global.output_file.empty() && job_ &&
        std::any_of(job_->saves.begin(), job_->saves.end(), [](const auto& f) { return f.path == "-"; });
    int written = kDone;
    if (options_.global.json) {
      written = write_document(
          envelope("qaic.run/1", kTool, options_.global.devices, code, device_rows(), failures_),
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
  std::vector<qaic_card_info> cards_;
  std::vector<std::unique_ptr<CardRun>> runs_;  // as many of the cards as were tried
  std::map<unsigned, bool> agrees_;             // by card number, when several gave outputs
  bool majority_ = true;
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
