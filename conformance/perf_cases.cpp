// PERF_STATS_BO: kernel-interface §1.6, §1.10, §3.8.
#include <cerrno>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

int stats_of(const Node& node, std::uint32_t dbc, std::span<uapi::PerfStatsEntry> entries) {
  uapi::PerfStats stats{};
  stats.count = static_cast<std::uint16_t>(entries.size());
  stats.dbc_id = dbc;
  stats.data = reinterpret_cast<std::uintptr_t>(entries.data());
  return node.call(uapi::kIoctlPerfStatsBo, stats);
}

uapi::PerfStatsEntry entry_of(std::uint32_t handle) {
  uapi::PerfStatsEntry entry{};
  entry.handle = handle;
  return entry;
}

void header_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  const auto loose = Bo::make(run, node, 4096);
  if (!bo || !loose) return;
  uapi::PerfStatsEntry entry[] = {entry_of(bo->handle)};
  run.result("dbc-16", stats_of(node, 16, entry), -EINVAL);
  run.result("bo-on-another-dbc", stats_of(node, channel.dbc == 15 ? 14 : 15, entry), {-EINVAL, 0});
  entry[0] = entry_of(77);
  run.result("no-such-handle", stats_of(node, channel.dbc, entry), -ENOENT);
  entry[0] = entry_of(loose->handle);
  run.result("not-sliced", stats_of(node, channel.dbc, entry), {-EINVAL, 0});
  uapi::PerfStats stats{1, 0, channel.dbc, 8};
  run.result("data-unreadable", node.call(uapi::kIoctlPerfStatsBo, stats), -EFAULT);
  entry[0] = entry_of(bo->handle);
  uapi::PerfStats padded{1, 7, channel.dbc, reinterpret_cast<std::uintptr_t>(entry)};
  run.result("pad-is-not-looked-at", node.call(uapi::kIoctlPerfStatsBo, padded), 0);
}

void after_execution(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  const uapi::AttachSliceEntry entries[] = {slice(64, at, 0), slice(64, at + 64, 64),
                                            slice(64, at + 128, 128)};
  const auto bo = attached(run, *session, Direction::to_device, 4096, entries);
  if (!bo) return;
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  uapi::PerfStatsEntry stats[] = {entry_of(bo->handle)};
  run.result("PERF_STATS_BO", stats_of(node, channel.dbc, stats), 0);
  run.equal("handle", stats[0].handle, bo->handle);
  run.equal("elements", stats[0].num_queue_element, 3);
  run.equal("queue-before", stats[0].queue_level_before, 0);
}

void two_at_once(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto first = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  const auto second = attached(run, *session, Direction::from_device, 4096, channel.device_address);
  if (!first || !second) return;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {first->handle, second->handle}), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, second->handle), 0);
  uapi::PerfStatsEntry stats[] = {entry_of(first->handle), entry_of(second->handle)};
  run.result("PERF_STATS_BO", stats_of(node, channel.dbc, stats), 0);
  run.equal("first-queue-before", stats[0].queue_level_before, 0);
  run.equal("second-queue-before", stats[1].queue_level_before, 1);
}

void before_completion(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  uapi::PerfStatsEntry stats[] = {entry_of(bo->handle)};
  run.result("PERF_STATS_BO", stats_of(node, channel.dbc, stats), 0);
  run.equal("elements", stats[0].num_queue_element, 1);
  run.equal("device-latency", stats[0].device_latency_us, 0);
}

void never_executed(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  uapi::PerfStatsEntry stats[] = {entry_of(bo->handle)};
  run.result("PERF_STATS_BO", stats_of(node, channel.dbc, stats), 0);
  run.equal("queue-before", stats[0].queue_level_before, 0);
  run.equal("submit-latency", stats[0].submit_latency_us, 0);
  run.equal("device-latency", stats[0].device_latency_us, 0);
}

void on_error_nothing_is_copied_back(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo || !run.prepared("execute", execute_and_wait(*session, *bo))) return;
  uapi::PerfStatsEntry stats[] = {entry_of(bo->handle), entry_of(77)};
  stats[0].num_queue_element = 0xAAAA;
  run.result("PERF_STATS_BO", stats_of(node, channel.dbc, stats), -ENOENT);
  run.equal("untouched", stats[0].num_queue_element, 0xAAAA);
}

constexpr Case kCases[] = {
    {"perf.header_fields", header_fields},
    {"perf.after_execution", after_execution},
    {"perf.two_at_once", two_at_once},
    {"perf.before_completion", before_completion},
    {"perf.never_executed", never_executed},
    {"perf.on_error_nothing_is_copied_back", on_error_nothing_is_copied_back},
};

}  // namespace

std::span<const Case> perf_cases() {
  return kCases;
}

}  // namespace qaic::conformance
