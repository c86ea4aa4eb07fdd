#include <qaic/qaic.h>

#include <chrono>
#include <memory>
#include <optional>

#include "lib/api/boundary.hpp"
#include "lib/api/objects.hpp"

namespace qaic::api {

namespace {

constexpr std::uint32_t kDefaultDepth = 8;
constexpr std::uint32_t kDefaultDeadlineMs = 5000;

core::Queue::Timeout timeout_of(std::uint32_t ms) {
  if (ms == QAIC_FOREVER) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

qaic_completion to_c(const core::Completion& completion) {
  qaic_completion out{};
  out.slot = completion.slot;
  out.user_data = completion.user_data;
  if (completion.error) out.kind = static_cast<std::uint32_t>(completion.error->kind);
  return out;
}

// The completion to the caller; what became of the inference, if not its
// outputs, to `error`.
base::Result<void> give_completion(const core::Completion& completion, qaic_completion* out,
                                   qaic_error* error) {
  if (completion.error) set_error(error, *completion.error);
  return give(out, to_c(completion));
}

base::Result<core::QueueOptions> queue_options(const qaic_queue_options& given) {
  core::QueueOptions options;
  switch (given.delivery) {
    case QAIC_QUEUE_WAIT:
      options.delivery = core::Delivery::wait;
      break;
    case QAIC_QUEUE_EVENT:
      options.delivery = core::Delivery::event;
      break;
    case QAIC_QUEUE_CALLBACK:
      if (given.callback == nullptr) return base::fail(null_argument("callback"));
      options.delivery = core::Delivery::callback;
      options.callback = [function = given.callback, context = given.context](const core::Completion& done) {
        qaic_completion completion = to_c(done);
        completion.size = sizeof(completion);
        if (!done.error) return function(context, &completion, nullptr);
        qaic_error error{};
        set_error(&error, *done.error);
        function(context, &completion, &error);
      };
      break;
    default:
      return base::fail(base::make_error(
          base::ErrorKind::usage, "queue-delivery",
          "a queue cannot deliver its completions in way " + std::to_string(given.delivery)));
  }
  options.deadline = timeout_of(given.deadline_ms == 0 ? kDefaultDeadlineMs : given.deadline_ms);
  return options;
}

}  // namespace

}  // namespace qaic::api

using namespace qaic;

extern "C" {

int qaic_queue_create(qaic_network* network, const qaic_queue_options* options, qaic_queue** out,
                      qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (network == nullptr) return base::fail(api::null_argument("network"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    qaic_queue_options given{};
    if (options != nullptr) {
      QAIC_TRY(given, api::taken(*options));
    }
    QAIC_TRY(auto wanted, api::queue_options(given));
    QAIC_TRY(auto queue,
             core::Queue::create(*network->network, given.depth == 0 ? api::kDefaultDepth : given.depth,
                                 std::move(wanted)));
    *out = std::make_unique<qaic_queue>(qaic_queue{std::move(queue)}).release();
    return {};
  });
}

void qaic_queue_free(qaic_queue* queue) {
  const std::unique_ptr<qaic_queue> owner(queue);
}

uint32_t qaic_queue_depth(const qaic_queue* queue) {
  return queue == nullptr ? 0 : queue->queue->depth();
}

int qaic_queue_event_fd(const qaic_queue* queue) {
  return queue == nullptr ? -1 : queue->queue->event();
}

int qaic_queue_acquire(qaic_queue* queue, uint32_t timeout_ms, uint32_t* slot, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    if (slot == nullptr) return base::fail(api::null_argument("slot"));
    QAIC_TRY(*slot, queue->queue->acquire(api::timeout_of(timeout_ms)));
    return {};
  });
}

void* qaic_queue_tensor(qaic_queue* queue, uint32_t slot, size_t index, size_t* size) {
  core::Inference* inference = queue == nullptr ? nullptr : queue->queue->inference(slot);
  const base::MutableBytes memory = inference == nullptr ? base::MutableBytes{} : inference->tensor(index);
  if (size != nullptr) *size = memory.size();
  return memory.data();
}

int qaic_queue_submit(qaic_queue* queue, uint32_t slot, uint64_t user_data, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    return queue->queue->submit(slot, user_data);
  });
}

int qaic_queue_release(qaic_queue* queue, uint32_t slot, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    return queue->queue->release(slot);
  });
}

int qaic_queue_next(qaic_queue* queue, uint32_t timeout_ms, qaic_completion* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    QAIC_CHECK(api::can_give(out));
    QAIC_TRY(const auto completion, queue->queue->next(api::timeout_of(timeout_ms)));
    return api::give_completion(completion, out, error);
  });
}

int qaic_queue_wait(qaic_queue* queue, uint32_t slot, uint32_t timeout_ms, qaic_completion* out,
                    qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    QAIC_CHECK(api::can_give(out));
    QAIC_TRY(const auto completion, queue->queue->wait(slot, api::timeout_of(timeout_ms)));
    return api::give_completion(completion, out, error);
  });
}

int qaic_queue_drain(qaic_queue* queue, uint32_t timeout_ms, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    return queue->queue->drain(api::timeout_of(timeout_ms));
  });
}

int qaic_queue_stats_read(qaic_queue* queue, uint32_t slot, qaic_inference_stats* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    const core::Inference* inference = queue->queue->inference(slot);
    if (inference == nullptr) {
      return base::fail(
          base::make_error(base::ErrorKind::usage, "index", "the queue has no slot " + std::to_string(slot)));
    }
    return api::give_stats(*inference, out);
  });
}

}  // extern "C"
