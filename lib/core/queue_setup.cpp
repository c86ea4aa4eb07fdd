// Making a queue.
#include <chrono>
#include <system_error>
#include <utility>

#include "lib/core/queue.hpp"
#include "os/signals.hpp"
#include "os/wakeup.hpp"

namespace qaic::core {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using std::chrono::milliseconds;

Result<void> Queue::check_depth(std::uint64_t depth, const std::string& name) {
  if (depth == 0) {
    return fail(make_error(ErrorKind::usage, "queue-depth", name + ": a queue needs at least one slot"));
  }
  if (depth <= kMostSlots) return {};
  return fail(make_error(ErrorKind::usage, "queue-depth",
                         name + ": a queue of " + std::to_string(depth) + " slots is deeper than any channel",
                         "at most " + std::to_string(kMostSlots)));
}

Result<std::unique_ptr<Queue>> Queue::create(const Network& network, std::uint32_t depth,
                                             QueueOptions options,
                                             const std::vector<std::vector<Import>>& imports) {
  QAIC_CHECK(check_depth(depth, network.device()->node()));
  std::vector<std::unique_ptr<Submission>> submissions;
  std::vector<Inference*> inferences;
  for (std::uint32_t i = 0; i < depth; ++i) {
    QAIC_TRY(auto inference, Inference::create(network, i < imports.size() ? std::span(imports[i])
                                                                           : std::span<const Import>{}));
    inferences.push_back(inference.get());
    submissions.push_back(std::move(inference));
  }
  QAIC_TRY(auto queue, over(std::move(submissions), network.device()->node(), std::move(options)));
  queue->inferences_ = std::move(inferences);
  return queue;
}

Result<std::unique_ptr<Queue>> Queue::over(std::vector<std::unique_ptr<Submission>> submissions,
                                           std::string name, QueueOptions options) {
  QAIC_CHECK(check_depth(submissions.size(), name));
  std::unique_ptr<Queue> queue(new Queue(std::move(submissions), std::move(name), std::move(options)));
  if (queue->options_.delivery == Delivery::event) {
    QAIC_TRY(queue->event_, os::make_event());
  }
  if (queue->options_.delivery != Delivery::wait) {
    try {
      const os::SignalsHeld held;  // the thread inherits that
      queue->thread_ = std::thread([raw = queue.get()] { raw->work(); });
    } catch (const std::system_error& error) {
      return fail(base::system_error(error.code().value(), "queue-thread",
                                     queue->name_ + ": no thread for the queue's completions"));
    }
  }
  return queue;
}

Queue::Queue(std::vector<std::unique_ptr<Submission>> submissions, std::string name, QueueOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      depth_(static_cast<std::uint32_t>(submissions.size())),
      deadline_(options_.deadline.value_or(milliseconds::max()) < std::chrono::hours(24 * 365)
                    ? Clock::duration(*options_.deadline)
                    : Clock::duration::max()),
      entries_(submissions.size()),
      free_(submissions.size()),
      late_(submissions.size()),
      pending_(submissions.size()),
      in_flight_(submissions.size()),
      done_(submissions.size()) {
  for (std::uint32_t i = 0; i < depth_; ++i) {
    entries_[i].submission = std::move(submissions[i]);
    entries_[i].has_to_gather = entries_[i].submission->has_to_gather();
    entries_[i].completion.slot = i;
    free_.push(i);
  }
}

}  // namespace qaic::core
