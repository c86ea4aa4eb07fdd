#include <qaic/qaic.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "lib/api/boundary.hpp"
#include "lib/api/objects.hpp"

namespace qaic::api {

namespace {

constexpr std::uint32_t kDefaultDepth = 8;
constexpr std::uint32_t kDefaultDeadlineMs = 5000;

base::Error no_slot(std::uint32_t slot) {
  return base::make_error(base::ErrorKind::usage, "index", "the queue has no slot " + std::to_string(slot));
}

core::Queue::Timeout timeout_of(std::uint32_t ms) {
  if (ms == QAIC_FOREVER) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

// The kind of what became of the inference, if not its outputs; told by `error`.
[[gnu::cold]] std::uint32_t tell(const core::Queue& queue, const core::Completion& completion,
                                 qaic_error* error) {
  const base::Error reason = queue.error_of(completion);
  set_error(error, reason);
  return static_cast<std::uint32_t>(reason.kind);
}

qaic_completion to_c(const core::Queue& queue, const core::Completion& completion, qaic_error* error) {
  return {sizeof(qaic_completion), completion.slot, completion.user_data,
          completion.succeeded() ? 0 : tell(queue, completion, error), 0};
}

// What seldom happens, out of the way of what often does.
[[gnu::cold]] int refuse_exception(qaic_error* error) {
  return guard(error, []() -> base::Result<void> { throw; });
}

[[gnu::cold]] int refuse_null_queue(qaic_error* error) {
  return guard(error, []() -> base::Result<void> { return base::fail(null_argument("queue")); });
}

[[gnu::cold]] int refuse(qaic_error* error, const core::Queue& queue, std::uint32_t slot,
                         core::Queue::Refusal refusal) {
  return guard(error, [&]() -> base::Result<void> { return base::fail(queue.error_of(slot, refusal)); });
}

[[gnu::cold]] int refuse_fetch(const qaic_queue* queue, qaic_completion* out, qaic_error* error) {
  if (queue == nullptr) return refuse_null_queue(error);
  return guard(error, [&] { return give(out, qaic_completion{}); });
}

[[gnu::cold]] int give_unusual(const core::Queue& queue, const base::Result<core::Completion>& fetched,
                               qaic_completion* out, qaic_error* error) {
  return guard(error, [&]() -> base::Result<void> {
    if (!fetched) return base::fail(fetched.error());
    return give(out, to_c(queue, *fetched, error));
  });
}

// Shared by next and wait, whose `fetch` it calls. What usually happens makes
// no Result<void>: an Error, even one that is not there, is a hundred bytes.
template <class Fetch>
[[gnu::always_inline]] inline int fetch_completion(qaic_queue* queue, qaic_completion* out, qaic_error* error,
                                                   Fetch&& fetch) noexcept {
  if (queue == nullptr || out == nullptr || out->size < sizeof(out->size)) {
    return refuse_fetch(queue, out, error);
  }
  try {
    const auto fetched = fetch(*queue->queue);
    if (!fetched || !fetched->succeeded() || out->size != sizeof(*out)) {
      return give_unusual(*queue->queue, fetched, out, error);
    }
    out->slot = fetched->slot;
    out->user_data = fetched->user_data;
    out->kind = 0;
    out->reserved = 0;
    return 0;
  } catch (...) {
    return refuse_exception(error);
  }
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
      options.callback = [function = given.callback, context = given.context](
                             const core::Queue& queue, const core::Completion& completion) {
        qaic_error error;  // filled if there is one
        const qaic_completion out = to_c(queue, completion, &error);
        function(context, &out, completion.succeeded() ? nullptr : &error);
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

base::Result<std::vector<std::vector<core::Import>>> imports_by_slot(const qaic_queue_options& given,
                                                                     std::uint32_t depth) {
  std::vector<std::vector<core::Import>> by_slot;
  if (given.import_count == 0) return by_slot;
  if (given.imports == nullptr) return base::fail(null_argument("imports"));
  by_slot.resize(depth);
  for (std::uint64_t i = 0; i < given.import_count; ++i) {
    const qaic_import& import = given.imports[i];
    if (import.slot >= depth) return base::fail(no_slot(import.slot));
    QAIC_TRY(const auto wanted, import_of(import, i));
    by_slot[import.slot].push_back(wanted);
  }
  return by_slot;
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
    const std::uint32_t depth = given.depth == 0 ? api::kDefaultDepth : given.depth;
    QAIC_CHECK(core::Queue::check_depth(depth, network->network->device()->node()));
    QAIC_TRY(auto wanted, api::queue_options(given));
    QAIC_TRY(const auto imports, api::imports_by_slot(given, depth));
    QAIC_TRY(auto queue, core::Queue::create(*network->network, depth, std::move(wanted), imports));
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

int qaic_queue_set_size(qaic_queue* queue, uint32_t slot, size_t index, uint64_t bytes, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    return queue->queue->set_size(slot, index, bytes);
  });
}

int qaic_queue_submit(qaic_queue* queue, uint32_t slot, uint64_t user_data, qaic_error* error) {
  if (queue == nullptr) return api::refuse_null_queue(error);
  try {
    const auto refusal = queue->queue->start(slot, user_data);
    if (refusal.why == core::Queue::Refusal::Why::none) return 0;
    return api::refuse(error, *queue->queue, slot, refusal);
  } catch (...) {
    return api::refuse_exception(error);
  }
}

int qaic_queue_release(qaic_queue* queue, uint32_t slot, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    return queue->queue->release(slot);
  });
}

int qaic_queue_next(qaic_queue* queue, uint32_t timeout_ms, qaic_completion* out, qaic_error* error) {
  return api::fetch_completion(queue, out, error,
                               [&](core::Queue& core) { return core.next(api::timeout_of(timeout_ms)); });
}

int qaic_queue_wait(qaic_queue* queue, uint32_t slot, uint32_t timeout_ms, qaic_completion* out,
                    qaic_error* error) {
  return api::fetch_completion(
      queue, out, error, [&](core::Queue& core) { return core.wait(slot, api::timeout_of(timeout_ms)); });
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
    if (inference == nullptr) return base::fail(api::no_slot(slot));
    return api::give_stats(*inference, out);
  });
}

int qaic_queue_export(const qaic_queue* queue, uint32_t slot, size_t tensor, qaic_export* out,
                      qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (queue == nullptr) return base::fail(api::null_argument("queue"));
    const core::Inference* inference = queue->queue->inference(slot);
    if (inference == nullptr) return base::fail(api::no_slot(slot));
    return api::give_export(*inference, tensor, out);
  });
}

}  // extern "C"
