// EXECUTE, PARTIAL_EXECUTE, WAIT, PERF_STATS and the completions that the card
// writes. Source: kernel-interface §1.6, §1.10, §3.5-3.8.
#include <algorithm>
#include <chrono>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::dbc::Register;
using wire::uapi::ExecuteEntry;
using wire::uapi::PartialExecuteEntry;
using wire::uapi::PerfStatsEntry;

constexpr std::uint64_t kAllocationLimit = 4ull << 20;  // bytes of one kernel allocation
constexpr std::uint32_t kLinkDead = 0xFFFFFFFF;
constexpr std::uint32_t kCompletionBatch = 128;  // responses per RSPHP write

std::uint32_t microseconds(Nanoseconds span) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
}

}  // namespace

int Driver::State::execute(File& file, const wire::uapi::Execute& args, Extent extent, ClientMemory& client) {
  const Nanoseconds received = now();
  if (args.count == 0) return -EINVAL;
  const std::size_t entry_size =
      extent == Extent::partial ? sizeof(PartialExecuteEntry) : sizeof(ExecuteEntry);
  const std::uint64_t bytes = std::uint64_t{args.count} * entry_size;
  if (bytes > kAllocationLimit) return -ENOMEM;
  scratch.resize(static_cast<std::size_t>(bytes));
  if (!client.read(args.data, scratch)) return -EFAULT;
  if (phase != Phase::online) return -ENODEV;
  if (args.dbc_id >= dbcs.size()) return -EINVAL;
  Dbc& dbc = dbcs[args.dbc_id];
  if (dbc.owner != &file) return -EPERM;

  const base::DbcId id{dbc.id};
  const std::uint32_t head = card.read_dbc(id, Register::request_head);
  std::uint32_t tail = card.read_dbc(id, Register::request_tail);
  if (head == kLinkDead || tail == kLinkDead) return -ENODEV;
  const std::uint32_t elements = dbc.queue->elements();
  if (head >= elements || tail >= elements) return -ENODEV;  // the driver would run off its queue
  const std::uint32_t level = dbc.queue->level(head, tail);

  const std::size_t before = dbc.queued.size();
  int error = 0;
  for (std::size_t i = 0; i < args.count && error == 0; ++i) {
    const auto entry = base::Bytes(scratch).subspan(i * entry_size, entry_size);
    if (const auto next = queue_bo(file, dbc, extent, entry, head, tail)) {
      tail = *next;
    } else {
      error = next.error();
    }
  }
  if (error != 0) {
    // Nothing is published. The completions of the earlier ones stay unsignalled.
    while (dbc.queued.size() > before) {
      Bo* bo = dbc.queued.back();
      dbc.queued.pop_back();
      bo->queued = false;
      release_if_unused(*bo);
    }
    return -error;
  }

  const Nanoseconds submitted = now();
  std::uint32_t level_before = level;
  for (std::size_t i = before; i < dbc.queued.size(); ++i) {
    Bo& bo = *dbc.queued[i];
    bo.profile.received = received;
    bo.profile.submitted = submitted;
    bo.profile.queue_level_before = level_before;
    level_before += bo.element_count;
  }
  card.write_dbc(id, Register::request_tail, tail);
  pump();
  return 0;
}

// Puts one entry's BO into the FIFO behind `tail`, unpublished; the new tail.
Answer<std::uint32_t> Driver::State::queue_bo(File& file, Dbc& dbc, Extent extent, base::Bytes entry,
                                              std::uint32_t head, std::uint32_t tail) {
  PartialExecuteEntry request{};
  std::memcpy(&request, entry.data(), entry.size());  // the whole form is its prefix
  Bo* bo = find_bo(file, request.handle);
  if (bo == nullptr) return refuse(ENOENT);
  if (!bo->sliced()) return refuse(EINVAL);
  const bool partial = extent == Extent::partial;
  if (partial && request.resize > bo->size) return refuse(EINVAL);
  if (bo->queued) return refuse(EINVAL);

  bo->req_id = dbc.next_req_id++;
  for (const Slice& slice : bo->slices) {
    Answer<std::uint32_t> next = tail;
    if (partial && request.resize <= slice.offset) {
      next = dbc.queue->put_first(slice, 0, bo->req_id, head, tail);
    } else if (partial && request.resize < slice.offset + slice.size) {
      next = dbc.queue->put_first(slice, request.resize - slice.offset, bo->req_id, head, tail);
    } else {
      next = dbc.queue->put(slice, bo->req_id, head, tail);
    }
    if (!next) return next;
    tail = *next;
  }
  bo->complete = false;
  bo->slices_done = 0;
  bo->queued = true;
  dbc.queued.push_back(bo);
  return tail;
}

std::optional<int> Driver::State::wait(Caller caller, const wire::uapi::Wait& args) {
  if (args.pad != 0) return -EINVAL;
  if (phase != Phase::online) return -ENODEV;
  if (args.dbc_id >= dbcs.size()) return -EINVAL;
  Dbc& dbc = dbcs[args.dbc_id];
  if (dbc.owner != caller.file) return -EPERM;
  Bo* bo = find_bo(*caller.file, args.handle);
  if (bo == nullptr) return -ENOENT;
  if (bo->complete) return 0;
  const auto timeout =
      args.timeout != 0 ? std::chrono::milliseconds(args.timeout) : parameters.wait_exec_default_timeout;
  ++dbc.sleepers;
  ++bo->sleepers;
  ++caller.file->calls;
  waits.push_back({std::move(caller), &dbc, bo, now() + timeout});
  return std::nullopt;
}

void Driver::State::end_wait(std::size_t at, std::optional<int> result) {
  driver::Wait wait = std::move(waits[at]);
  waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(at));
  --wait.dbc->sleepers;
  --wait.bo->sleepers;
  // Woken: a channel that went away meanwhile is what counts. Nobody asks after
  // it when the time is up.
  if (result && result != -ETIMEDOUT) {
    if (wait.dbc->in_ssr) {
      result = -EPIPE;
    } else if (wait.dbc->owner == nullptr) {
      result = -EPERM;
    }
  }
  end_call(wait.caller, result);
}

void Driver::State::complete(Bo& bo) {
  bo.complete = true;
  for (std::size_t i = 0; bo.sleepers != 0 && i < waits.size();) {
    if (waits[i].bo == &bo) {
      end_wait(i, 0);
    } else {
      ++i;
    }
  }
}

void Driver::State::drain(Dbc& dbc) {
  if (dbc.owner == nullptr || !dbc.queue) return;
  const base::DbcId id{dbc.id};
  for (;;) {
    std::uint32_t head = card.read_dbc(id, Register::response_head);
    const std::uint32_t tail = card.read_dbc(id, Register::response_tail);
    const std::uint32_t elements = dbc.queue->elements();
    if (head >= elements || tail >= elements || head == tail) return;
    for (std::uint32_t n = 0; head != tail && n < kCompletionBatch; ++n) {
      // The status is not looked at: the driver drops it.
      const std::uint16_t req_id = dbc.queue->response(head).req_id;
      head = (head + 1) % elements;
      const auto at =
          std::find_if(dbc.queued.begin(), dbc.queued.end(), [&](Bo* bo) { return bo->req_id == req_id; });
      if (at == dbc.queued.end()) continue;
      Bo& bo = **at;
      if (++bo.slices_done < bo.slices.size()) continue;
      bo.slices_done = 0;
      bo.queued = false;
      bo.profile.processed = now();
      dbc.queued.erase(at);
      complete(bo);
      release_if_unused(bo);
    }
    card.write_dbc(id, Register::response_head, head);
  }
}

int Driver::State::perf_stats(File& file, const wire::uapi::PerfStats& args, ClientMemory& client) {
  if (phase != Phase::online) return -ENODEV;
  if (args.dbc_id >= dbcs.size()) return -EINVAL;
  std::vector<PerfStatsEntry> entries(args.count);
  const std::span bytes = std::as_writable_bytes(std::span(entries));
  if (!bytes.empty() && !client.read(args.data, bytes)) return -EFAULT;
  for (PerfStatsEntry& entry : entries) {
    const Bo* bo = find_bo(file, entry.handle);
    if (bo == nullptr) return -ENOENT;
    if (!bo->sliced() || bo->dbc->id != args.dbc_id) return -EINVAL;
    const Profile& profile = bo->profile;
    entry.queue_level_before = profile.queue_level_before;
    entry.num_queue_element = bo->element_count;
    entry.submit_latency_us = microseconds(profile.submitted - profile.received);
    entry.device_latency_us =
        profile.processed > profile.submitted ? microseconds(profile.processed - profile.submitted) : 0;
  }
  if (!bytes.empty() && !client.write(args.data, bytes)) return -EFAULT;
  return 0;
}

}  // namespace qaic::sim::driver
