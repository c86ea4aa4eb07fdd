// What a queue says when something does not go well.
#include <cerrno>

#include "lib/core/queue.hpp"

namespace qaic::core {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

Error Queue::slot_error(std::uint32_t slot) const {
  return make_error(ErrorKind::usage, "queue-slot",
                    name_ + ": slot " + std::to_string(slot) +
                        (slot < depth_ ? " is not in the state that this call needs"
                                       : " does not exist, the queue has " + std::to_string(depth_)),
                    "acquire a slot, submit it, get its completion, then submit it again or release it");
}

Error Queue::closed_error() const {
  return make_error(ErrorKind::unavailable, "queue-closed",
                    name_ + ": the queue was closed before the inference finished");
}

// Why a caller goes away without a completion.
Result<Completion> Queue::no_completion(Step step) const {
  if (options_.delivery == Delivery::callback) {
    return fail(make_error(ErrorKind::usage, "queue-callback",
                           name_ + ": completions of this queue go to its callback"));
  }
  if (step == Step::interrupted) return fail(entries_[0].submission->finish_error(EINTR));
  return fail(make_error(ErrorKind::deadline, "queue-timeout", name_ + ": no inference finished in time",
                         "wait again"));
}

Result<Completion> Queue::not_outstanding(std::uint32_t slot) const {
  return fail(slot_error(slot));
}

Error Queue::error_of(std::uint32_t slot, Refusal refusal) const {
  switch (refusal.why) {
    case Refusal::Why::none:
      break;
    case Refusal::Why::slot:
      return slot_error(slot);
    case Refusal::Why::late:
      return make_error(ErrorKind::unavailable, "queue-late",
                        name_ + ": slot " + std::to_string(slot) +
                            " is not back from the card since its inference passed the deadline",
                        "use another slot and release this one");
    case Refusal::Why::closed:
      return closed_error();
    case Refusal::Why::kernel:
      return entries_[slot].submission->begin_error(refusal.number);
  }
  return {};
}

Error Queue::error_of(const Completion& completion) const {
  const Submission& submission = *entries_[completion.slot].submission;
  switch (completion.end) {
    case End::done:
      break;
    case End::not_begun:
      return submission.begin_error(completion.number);
    case End::not_finished:
      return submission.finish_error(completion.number);
    case End::closed:
      return closed_error();
  }
  return {};
}

}  // namespace qaic::core
