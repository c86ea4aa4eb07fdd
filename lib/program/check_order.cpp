// Whether the queue program of one inference can wait for itself. A model of
// the semaphores in which only the host's requests act; what can be concluded
// from it, and what not, is in docs/checker.md.
#include <algorithm>
#include <optional>
#include <vector>

#include "lib/program/checks.hpp"
#include "lib/program/exec_context.hpp"
#include "lib/program/plan.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
namespace uapi = wire::uapi;
using uapi::SemaphoreCommand;

// Steps of looking ahead, so that a hostile program does not take minutes.
constexpr std::size_t kMostSteps = 4'000'000;

bool is_wait(SemaphoreCommand command) {
  return command == SemaphoreCommand::wait_equal || command == SemaphoreCommand::wait_gt_eq ||
         command == SemaphoreCommand::wait_gt_0;
}

bool is_satisfied(const SemaphoreOp& op, std::uint32_t value) {
  switch (op.command) {
    case SemaphoreCommand::wait_equal:
      return value == op.value;
    case SemaphoreCommand::wait_gt_eq:
      return value >= op.value;
    case SemaphoreCommand::wait_gt_0:
      return value > 0;
    case SemaphoreCommand::nop:
    case SemaphoreCommand::init:
    case SemaphoreCommand::inc:
    case SemaphoreCommand::dec:
      break;
  }
  return true;
}

// The value after `op`; a wait is taken as one that ended.
std::uint32_t after(const SemaphoreOp& op, std::uint32_t value) {
  switch (op.command) {
    case SemaphoreCommand::nop:
      return value;
    case SemaphoreCommand::init:
      return op.value;
    case SemaphoreCommand::inc:
      return (value + 1) & uapi::kSemaphoreValueMask;
    case SemaphoreCommand::dec:
      return (value - 1) & uapi::kSemaphoreValueMask;
    case SemaphoreCommand::wait_equal:
      return op.value;
    case SemaphoreCommand::wait_gt_eq:
      return std::max<std::uint32_t>(value, op.value);
    case SemaphoreCommand::wait_gt_0:
      return value > 0 ? value - 1 : 0;
  }
  return value;
}

struct Step {
  std::size_t request;
  std::size_t op;  // index among the request's operations
  SemaphoreOp what;
};

// The operations on one semaphore in the order in which they take effect.
std::vector<Step> steps_of(const Metadata& m, std::uint16_t semaphore) {
  std::vector<Step> out;
  for (std::size_t r = 0; r < m.requests.size(); ++r) {
    for (const auto when : {qpc::PreOrPost::pre, qpc::PreOrPost::post}) {
      const auto& ops = m.requests[r].semaphores;
      for (std::size_t i = 0; i < ops.size(); ++i) {
        if (ops[i].when == when && ops[i].number == semaphore && ops[i].command != SemaphoreCommand::nop) {
          out.push_back({r, i, ops[i]});
        }
      }
    }
  }
  return out;
}

class OrderModel {
 public:
  OrderModel(const Metadata& metadata, Findings& out) : m_(metadata), out_(out) {
    // What the numbers of another version's variables mean is not known.
    if (metadata.exec_context_major != qpc::kExecContextMajor) return;
    if (const auto variables = read_exec_context(metadata.exec_context); variables && !variables->empty()) {
      device_is_mute_ = std::ranges::none_of(
          *variables, [](const auto& v) { return v.variable == kSemaphoreListVariable; });
    }
  }

  void check_semaphore(std::uint16_t semaphore) {
    const auto steps = steps_of(m_, semaphore);
    if (steps.empty()) return;
    std::vector<bool> reported(steps.size());
    std::uint32_t value = m_.semaphore_init[semaphore];
    // Twice, because the second inference finds what the first one left.
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (is_wait(steps[i].what.command) && !is_satisfied(steps[i].what, value) && !reported[i]) {
          reported[i] = true;
          report(steps, i, value);
        }
        value = after(steps[i].what, value);
      }
    }
    check_drift(semaphore, steps);
  }

  // Requests that wait for what, in this model, only device code can do.
  [[nodiscard]] const std::vector<std::size_t>& waiting() const { return waiting_; }
  [[nodiscard]] bool is_complete() const { return steps_left_ != 0; }

 private:
  // The first step behind `from` after which the wait would be over, with the
  // host's operations alone.
  std::optional<Step> ends(const std::vector<Step>& steps, std::size_t from, std::uint32_t value) {
    for (std::size_t i = from + 1; i < steps.size(); ++i) {
      if (steps_left_ == 0) return std::nullopt;
      --steps_left_;
      if (is_wait(steps[i].what.command)) continue;  // changes nothing while it waits too
      value = after(steps[i].what, value);
      if (is_satisfied(steps[from].what, value)) return steps[i];
    }
    return std::nullopt;
  }

  void report(const std::vector<Step>& steps, std::size_t index, std::uint32_t value) {
    const Step& wait = steps[index];
    const auto end = ends(steps, index, value);
    const std::string place = indexed(request_place(wait.request) + ".semaphoreOps", wait.op);
    const std::string what = "DMA request " + number(wait.request) + " waits for semaphore " +
                             number(wait.what.number) + ", which is " + number(value) + " then";
    if (end && !(device_is_mute_ && end->request == wait.request)) {
      out_.add("order-self-wait", place,
               what + "; the host ends that wait by " +
                   (end->request == wait.request ? std::string("the same request")
                                                 : "the later request " + number(end->request)) +
                   ", unless code on the NSPs does");
    } else if (device_is_mute_ && steps_left_ != 0) {
      out_.add(
          "order-deadlock", place,
          what + "; no other request ends that wait, and the program has no list of semaphores to do it");
    } else {
      waiting_.push_back(wait.request);
    }
  }

  void check_drift(std::uint16_t semaphore, const std::vector<Step>& steps) {
    std::int64_t net = 0;
    for (const auto& step : steps) {
      const auto command = step.what.command;
      if (command == SemaphoreCommand::init) return;
      net += command == SemaphoreCommand::inc ? 1 : 0;
      net -= command == SemaphoreCommand::dec || command == SemaphoreCommand::wait_gt_0 ? 1 : 0;
    }
    if (net == 0) return;
    out_.add("order-drift", indexed("metadata.semaphoreInitState", semaphore),
             "the host changes semaphore " + number(semaphore) + " by " + std::to_string(net) +
                 " in each inference: code on the NSPs has to bring it back");
  }

  const Metadata& m_;
  Findings& out_;
  bool device_is_mute_ = false;
  std::size_t steps_left_ = kMostSteps;
  std::vector<std::size_t> waiting_;
};

void note_device(const OrderModel& model, const std::vector<std::size_t>& waiting, Findings& out) {
  std::string text = "what code on the NSPs does with memory, semaphores and doorbell words is not known";
  if (!waiting.empty()) {
    text += "; DMA requests that wait for it:";
    constexpr std::size_t kShown = 16;
    for (std::size_t i = 0; i < std::min(waiting.size(), kShown); ++i) text += " " + number(waiting[i]);
    if (waiting.size() > kShown) text += " and " + number(waiting.size() - kShown) + " more";
  }
  if (!model.is_complete()) text += "; the program has too many waits to look at all of their ends";
  out.add("device-unknown", "elf", std::move(text));
}

}  // namespace

void check_order(const Metadata& metadata, Findings& out) {
  OrderModel model(metadata, out);
  const std::size_t semaphores = std::min<std::size_t>(metadata.semaphore_init.size(), qpc::kMaxSemaphores);
  for (std::size_t s = 0; s < semaphores; ++s) model.check_semaphore(static_cast<std::uint16_t>(s));
  std::vector<std::size_t> waiting = model.waiting();
  std::ranges::sort(waiting);
  waiting.erase(std::unique(waiting.begin(), waiting.end()), waiting.end());

  std::size_t last_out = metadata.requests.size();
  for (std::size_t i = metadata.requests.size(); i-- > 0 && last_out == metadata.requests.size();) {
    if (metadata.requests[i].transfer == qpc::Transfer::out) last_out = i;
  }
  if (last_out + 1 < metadata.requests.size()) {
    out.add(
        "order-after-wait", request_place(last_out + 1),
        number(metadata.requests.size() - last_out - 1) +
            " DMA requests follow the last one from the card, which is what an inference is waited for by");
  }
  note_device(model, waiting, out);
}

}  // namespace qaic::program
