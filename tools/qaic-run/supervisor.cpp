#include "tools/qaic-run/supervisor.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <span>

#include "os/worker.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/qaic-run/progress.hpp"

namespace qaic::tools::run {

namespace {

using Clock = std::chrono::steady_clock;
using Heard = os::Worker::Heard;
using std::chrono::milliseconds;

// For a card to be given back when all is done, and for a worker to go when asked.
constexpr milliseconds kGrace{3000};
constexpr milliseconds kLeaveGrace{1000};
// timeout(1) asks twice at once: the process, then its group.
constexpr milliseconds kSameRequest{500};

class Supervisor {
 public:
  Supervisor(const GlobalOptions& options, std::string schema, os::Worker worker)
      : options_(options), schema_(std::move(schema)), worker_(std::move(worker)) {}

  int run() {
    std::optional<Clock::time_point> asked_to_end;
    for (;;) {
      const auto event = worker_.next(std::as_writable_bytes(std::span(&record_, 1)), deadline_);
      switch (event.heard) {
        case Heard::report:
          if (record_.kind == ProgressRecord::ended) return let_go(static_cast<int>(record_.value));
          limit_ = milliseconds(record_.value);
          deadline_.reset();
          if (record_.kind == ProgressRecord::waiting) deadline_ = Clock::now() + limit_;
          break;
        case Heard::signal:
          if (!asked_to_end) {
            asked_to_end = Clock::now();
            worker_.send(event.signal);
          } else if (Clock::now() - *asked_to_end > kSameRequest) {
            worker_.abandon(Clock::now() + kLeaveGrace);
            os::end_by_signal(event.signal);
          }
          break;
        case Heard::end:
          return died();
        case Heard::deadline:
          return late();
      }
    }
  }

 private:
  // The worker has written everything; only the card is to be given back.
  int let_go(int exit_code) {
    os::leave_standard_input_and_output();
    const auto end = Clock::now() + kGrace;
    Heard heard = Heard::report;
    while (heard == Heard::report) {
      heard = worker_.next(std::as_writable_bytes(std::span(&record_, 1)), end).heard;
    }
    if (heard != Heard::end && !options_.quiet) {
      fmt::print(stderr, "{}: warning: {} has not let go of this run yet; the kernel still waits for it\n",
                 kTool, card());
    }
    return exit_code;
  }

  int late() {
    worker_.abandon(Clock::now() + kLeaveGrace);
    return failed({kDeadline, "card-no-answer",
                   fmt::format("{}: no answer within {} ms", card(), limit_.count()),
                   "dmesg | grep qaic; a longer --timeout, or reset the card", qid()});
  }

  int died() {
    const auto status = worker_.status();
    for (const int asked : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
      if (status.signal == asked) os::end_by_signal(asked);
    }
    const std::string how =
        status.signal != 0 ? os::signal_text(status.signal) : fmt::format("exit code {}", status.code);
    return failed({kOurBug, "worker-died", fmt::format("the process that used the card died: {}", how),
                   "please report this with the command line", qid()});
  }

  int failed(const Failure& failure) const {
    // While the worker waits for the card it has written nothing.
    if (options_.json && record_.kind != ProgressRecord::at_ease) {
      (void)write_document(
          envelope(schema_, kTool, options_.devices, failure.exit_code, nlohmann::json::array(), {failure}),
          options_.output_file);
    }
    print_failure(kTool, failure);
    return failure.exit_code;
  }

  std::optional<unsigned> qid() const {
    if (record_.card == ProgressRecord::kNoCard) return std::nullopt;
    return record_.card;
  }
  std::string card() const { return qid() ? fmt::format("card {}", *qid()) : "the card"; }

  const GlobalOptions& options_;
  std::string schema_;
  os::Worker worker_;
  ProgressRecord record_;
  milliseconds limit_{};
  std::optional<Clock::time_point> deadline_;
};

}  // namespace

int supervise(const GlobalOptions& options, const std::string& schema,
              const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"qaic-run: worker", kWorkerMark};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto worker = os::Worker::start(os::own_executable(), all);
  if (!worker) {
    print_failure(kTool,
                  {kOurBug, worker.error().id, worker.error().what, worker.error().hint, std::nullopt});
    return kOurBug;
  }
  return Supervisor(options, schema, std::move(*worker)).run();
}

}  // namespace qaic::tools::run
