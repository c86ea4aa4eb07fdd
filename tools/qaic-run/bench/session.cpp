#include "tools/qaic-run/bench/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "os/file.hpp"
#include "os/interruption.hpp"
#include "os/terminal.hpp"
#include "os/worker.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/probe_client.hpp"
#include "tools/common/selection.hpp"
#include "tools/qaic-run/bench/card_port.hpp"
#include "tools/qaic-run/bench/replaced_file.hpp"
#include "tools/qaic-run/bench/report.hpp"
#include "tools/qaic-run/bench/sha256.hpp"
#include "tools/qaic-run/fit.hpp"
#include "tools/qaic-run/job.hpp"

namespace qaic::tools::run::bench {

namespace {

constexpr int kStderr = 2;

class Session {
 public:
  Session(const BenchOptions& options, Progress& progress) : options_(options), progress_(progress) {
    report_.activations = options.activations;
  }

  int run() {
    if (prepare() && choose_cards() && open_picture()) {
      os::note_interruption();
      report_.environment = environment_now();
      report_.file = program_file(options_.program);
      report_.before = states_of(report_.cards, options_.global.timeout);
      if (load()) measure_all();
      unload();
      progress_.at_ease();
      report_.after = states_of(report_.cards, options_.global.timeout);
    }
    return report();
  }

 private:
  bool failed(Failure failure) {
    report_.failures.push_back(std::move(failure));
    return false;
  }
  bool failed(const qaic::Error& error, const qaic_card_info& card) {
    Failure failure = Failure::from(error);
    failure.qid = card.qid;
    return failed(std::move(failure));
  }

  bool prepare() {
    RunOptions run;
    run.program = options_.program;
    run.inputs = options_.inputs;
    run.zero = options_.zero;
    if (!options_.zero) run.seed = options_.seed;
    auto job = prepare_job(run);
    if (const auto* failure = std::get_if<Failure>(&job)) return failed(*failure);
    job_.emplace(std::get<Job>(std::move(job)));
    report_.program = job_->program.name();
    if (!job_->batch) {
      note_inputs();
      return true;
    }
    return failed({kUsage, "batch", "bench measures one set of inputs; a folder or list is many",
                   "give one file for each input", std::nullopt});
  }

  void note_inputs() {
    for (std::size_t i = 0; i < job_->tensors.size(); ++i) {
      const auto& form = job_->forms_of(0)[i];
      if (form.direction != QAIC_TENSOR_INPUT) continue;
      const base::Bytes given(job_->inputs[i]);
      const auto sent = given.first(std::min<std::size_t>(given.size(), form.byte_size));
      report_.inputs.push_back({form.name, sent.size(), sha256(sent)});
    }
  }

  bool choose_cards() {
    auto selection = select_cards(options_.global.devices, options_.global.timeout);
    if (!selection.failures.empty()) {
      report_.failures = selection.failures;
      return false;
    }
    const bool chosen = options_.all_cards || !options_.global.devices.empty();
    for (const auto& card : selection.cards) {
      if (!chosen && (card.node[0] == '\0' || !report_.cards.empty())) continue;  // the first with a node
      report_.cards.push_back(card);
    }
    if (report_.cards.empty()) report_.cards.push_back(selection.cards.front());
    for (const auto& card : report_.cards) {
      if (card.node[0] != '\0') continue;
      Failure failure = no_node(card);
      report_.cards.clear();
      return failed(std::move(failure));
    }
    return true;
  }

  // Tells now and then that the card goes on answering.
  CardPort::Beat beat() {
    return [this] { progress_.still_waiting(options_.global.timeout, std::chrono::steady_clock::now()); };
  }

  bool load() {
    std::size_t depth = 1;
    for (const auto& point : options_.loads) depth = std::max(depth, point.depth);
    devices_.reserve(report_.cards.size());
    for (const auto& card : report_.cards) {
      progress_.uses(card.qid);
      auto device = Device::open(card.node);
      if (!device) return failed(device.error(), card);
      devices_.push_back(std::move(*device));
      for (std::size_t i = 0; i < options_.activations; ++i) {
        progress_.waiting(options_.global.timeout + loading_allowance(options_.program));
        auto port = CardPort::load(devices_.back(), *job_, depth, options_.global.timeout, beat());
        if (!port) return failed(load_failure(port.error(), card));
        ports_.push_back(std::move(*port));
      }
    }
    return true;
  }

  void measure_all() {
    // Threads inherit it: an open loop's arrivals come when they should, not
    // up to 50 µs later. Where the kernel refuses, they are late and say so.
    (void)os::write_file("/proc/self/timerslack_ns", base::as_bytes(std::string_view("1")));
    std::vector<Port*> ports;
    for (const auto& port : ports_) ports.push_back(port.get());
    const Extent extent{std::chrono::nanoseconds(options_.warm_up).count(),
                        std::chrono::nanoseconds(options_.duration).count(), options_.count, options_.seed};
    for (const auto& point : options_.loads) {
      if (os::interrupted_by() != 0) break;
      progress_.waiting(options_.global.timeout);
      auto measured = measure(ports, point, extent, [this](const Live& live) { watch(live); });
      clear_line();
      if (measured.error && os::interrupted_by() == 0) {
        failed(*measured.error, report_.cards[measured.error_lane / options_.activations]);
      }
      const bool over = measured.error.has_value() || os::interrupted_by() != 0;
      if (!measured.nothing()) {
        report_.points.push_back(std::move(measured));
      } else if (!over) {
        failed({kDeadline, "nothing-measured",
                name_of(point) + ": no inference ended in the time that was measured",
                "longer --warmup and --duration, or a higher --rate", std::nullopt});
      }
      if (over) break;
    }
  }

  void unload() {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      progress_.waiting(options_.global.timeout);
      const auto unloaded = ports_[i]->unload(beat());
      if (unloaded || os::interrupted_by() != 0) continue;
      report_.points.clear();  // nobody knows what was measured: the network had died
      const bool said = !report_.failures.empty() && report_.failures.back().id == unloaded.error().id();
      if (!said) failed(unloaded.error(), report_.cards[i / options_.activations]);
    }
    ports_.clear();
    // The devices stay open: what the kernel does when they close can wait.
  }

  // Every now and then while a measurement runs.
  void watch(const Live& live) {
    const auto now = std::chrono::steady_clock::now();
    bool stuck = false;
    for (const auto& port : ports_) stuck = stuck || port->stuck(now);
    // A port that is stuck in the kernel is not told about, and so found late.
    if (!stuck) progress_.still_waiting(options_.global.timeout, now);
    if (shows_live_) show(live);
  }

  // Only for somebody who looks at it.
  [[nodiscard]] bool wants_live() const {
    const char* terminal = std::getenv("TERM");
    const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
    return !options_.global.quiet && !dumb && os::is_terminal(kStderr);
  }
  static std::string name_of(const Load& load) {
    const std::string depth = fmt::format("depth {}", load.depth);
    return load.rate ? fmt::format("{:g} per second, ", *load.rate) + depth : depth;
  }
  void show(const Live& live) {
    const double seconds = static_cast<double>(live.since_start_ns) / 1e9;
    const auto total = std::chrono::duration<double>(options_.warm_up + options_.duration).count();
    const std::string so_far =
        options_.count != 0 ? fmt::format("{} of {} inferences", live.recorded, options_.count)
                            : fmt::format("{:.1f} of {:.1f} s, {} inferences", seconds, total, live.recorded);
    fmt::print(stderr, "\r{}: {}\x1b[K", name_of(*live.load), so_far);
    std::fflush(stderr);
    line_shown_ = true;
  }
  void clear_line() {
    if (line_shown_) fmt::print(stderr, "\r\x1b[K");
    line_shown_ = false;
  }

  [[nodiscard]] int exit_code() const {
    if (os::interrupted_by() != 0) return 128 + os::interrupted_by();
    if (report_.failures.empty()) return kDone;
    return some_cards_measured() ? kPartial : report_.failures.front().exit_code;
  }
  // Of several cards some failed, and the others have figures.
  [[nodiscard]] bool some_cards_measured() const {
    if (report_.points.empty()) return false;
    std::set<std::optional<unsigned>> failed;
    for (const auto& failure : report_.failures) failed.insert(failure.qid);
    return !failed.contains(std::nullopt) && failed.size() < report_.cards.size();
  }

  bool picture_failed(const base::Error& error) {
    Failure failure = failure_of(error);
    failure.exit_code = kBadInput;
    return failed(std::move(failure));
  }
  // Before anything is measured, so that a name that cannot be costs no run.
  bool open_picture() {
    if (options_.plot.empty()) return true;
    auto file = ReplacedFile::create(options_.plot);
    if (!file) return picture_failed(file.error());
    picture_ = std::move(*file);
    return true;
  }
  void draw() {
    if (options_.plot.empty() || report_.points.empty()) return;
    const auto drawn = picture_.replace(base::as_bytes(report_svg(report_)));
    if (!drawn) picture_failed(drawn.error());
  }

  int report() {
    draw();
    const int code = exit_code();
    const int written =
        options_.global.json
            ? write_document(report_json(report_, options_, code), options_.global.output_file)
            : write_text(report_text(report_), options_.global.output_file, kTool);
    for (const auto& failure : report_.failures) print_failure(kTool, failure);
    return written != kDone ? written : code;
  }

  const BenchOptions& options_;
  Progress& progress_;
  std::optional<Job> job_;
  std::vector<Device> devices_;
  std::vector<std::unique_ptr<CardPort>> ports_;
  BenchReport report_;
  ReplacedFile picture_;
  const bool shows_live_ = wants_live();
  bool line_shown_ = false;
};

}  // namespace

int bench_session(const BenchOptions& options, Progress& progress) {
  Session session(options, progress);
  const int code = session.run();
  os::leave_standard_streams();
  progress.ended(code);
  return code;
}

}  // namespace qaic::tools::run::bench
