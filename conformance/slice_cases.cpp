// ATTACH_SLICE_BO and DETACH_SLICE_BO: kernel-interface §1.6, §1.10, §3.4.
#include <cerrno>
#include <vector>

#include "conformance/channel.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;
using uapi::SemaphoreCommand;

// Attaches one slice to a fresh BO of 8 KiB, and lets go of it again.
int attach_once(const Session& session, const uapi::AttachSliceEntry& entry) {
  std::uint32_t handle = 0;
  int result = session.node.create_bo(8192, handle);
  if (result < 0) return result;
  result = session.node.attach(session.channel.dbc, handle, Direction::to_device, {&entry, 1});
  if (result >= 0) (void)session.node.detach(handle);
  (void)session.node.gem_close(handle);
  return result;
}

void attach_and_detach(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = Bo::make(run, node, 8192);
  if (!bo) return;
  const uapi::AttachSliceEntry entry[] = {slice(8192, channel.device_address)};
  run.result("attach", node.attach(channel.dbc, bo->handle, Direction::to_device, entry), 0);
  run.result("attach-again", node.attach(channel.dbc, bo->handle, Direction::to_device, entry), -EINVAL);
  run.result("detach", node.detach(bo->handle), 0);
  run.result("detach-again", node.detach(bo->handle), -EINVAL);
  run.result("attach-other-way", node.attach(channel.dbc, bo->handle, Direction::from_device, entry), 0);
}

void header_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const Node& node = session->node;
  const Channel& channel = session->channel;
  const auto bo = Bo::make(run, node, 8192);
  if (!bo) return;
  const uapi::AttachSliceEntry entry = slice(8192, channel.device_address);
  uapi::AttachSlice good{};
  good.count = 1;
  good.dbc_id = channel.dbc;
  good.handle = bo->handle;
  good.dir = 1;
  good.data = reinterpret_cast<std::uintptr_t>(&entry);
  const auto attempt = [&](const char* what, uapi::AttachSlice argument, int expected) {
    run.result(what, node.call(uapi::kIoctlAttachSliceBo, argument), expected);
  };
  auto bad = good;
  bad.count = 0;
  attempt("count-0", bad, -EINVAL);
  bad = good;
  bad.dir = 0;
  attempt("dir-0", bad, -EINVAL);
  bad.dir = 3;
  attempt("dir-3", bad, -EINVAL);
  bad = good;
  bad.data = 0;
  attempt("data-0", bad, -EINVAL);
  bad.data = 8;
  attempt("data-unreadable", bad, -EFAULT);
  bad = good;
  bad.dbc_id = 16;
  attempt("dbc-16", bad, -EINVAL);
  bad.dbc_id = channel.dbc == 15 ? 14 : 15;
  attempt("dbc-not-owned", bad, -EINVAL);
  bad = good;
  bad.handle = 77;
  attempt("no-such-handle", bad, -ENOENT);
  good.size = 1;  // ignored
  attempt("size-is-ignored", good, 0);
}

void range(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  run.result("whole", attach_once(*session, slice(8192, at)), 0);
  run.result("inside", attach_once(*session, slice(100, at, 4000)), 0);
  run.result("one-byte-too-long", attach_once(*session, slice(8193, at)), -EINVAL);
  run.result("past-the-end", attach_once(*session, slice(4097, at, 4096)), -EINVAL);
  run.result("offset-past-the-end", attach_once(*session, slice(1, at, 8192)), -EINVAL);
  run.result("overflow", attach_once(*session, slice(0xFFFFFFFFFFFFFFFF, at, 4096)), -EINVAL);
  run.result("empty", attach_once(*session, slice(0, at)), 0);
  run.result("empty-in-last-page", attach_once(*session, slice(0, at, 4096)), 0);
  run.result("empty-within-last-page", attach_once(*session, slice(0, at, 4097)), -EINVAL);
}

void doorbell_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  const auto attempt = [&](std::uint32_t bits, std::uint64_t address) {
    auto entry = slice(64, at);
    entry.db_len = bits;
    entry.db_addr = address;
    return attach_once(*session, entry);
  };
  run.result("32", attempt(32, at + 4), 0);
  run.result("16", attempt(16, at + 2), 0);
  run.result("8", attempt(8, at + 1), 0);
  run.result("0-unaligned", attempt(0, at + 1), 0);
  run.result("24", attempt(24, at), -EINVAL);
  run.result("64", attempt(64, at), -EINVAL);
  run.result("1", attempt(1, at), -EINVAL);
  run.result("32-unaligned", attempt(32, at + 2), -EINVAL);
  run.result("16-unaligned", attempt(16, at + 1), -EINVAL);
}

void semaphore_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto attempt = [&](const uapi::Semaphore& sem, unsigned place = 0) {
    auto entry = slice(64, session->channel.device_address);
    entry.sem[place] = sem;
    return attach_once(*session, entry);
  };
  const auto good = semaphore(Sync::post, SemaphoreCommand::inc, 31, 0xFFF);
  for (unsigned place = 0; place < 4; ++place) {
    run.result("largest-values-in-sem" + std::to_string(place), attempt(good, place), 0);
  }
  auto bad = good;
  bad.val = 0x1000;
  run.result("val-0x1000", attempt(bad), -EINVAL);
  bad = good;
  bad.index = 32;
  run.result("index-32", attempt(bad, 1), -EINVAL);
  bad = good;
  bad.presync = 2;
  run.result("presync-2", attempt(bad, 2), -EINVAL);
  bad = good;
  bad.cmd = 7;
  run.result("cmd-7", attempt(bad, 3), -EINVAL);
  bad = good;
  bad.flags = 4;
  run.result("flags-4", attempt(bad), -EINVAL);
  bad = good;
  bad.flags = 3;
  run.result("flags-3", attempt(bad), 0);
  bad = good;
  bad.pad = 1;
  run.result("pad-1", attempt(bad), -EINVAL);
}

void presync_semaphores(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  auto entry = slice(64, session->channel.device_address);
  entry.sem[0] = semaphore(Sync::pre, SemaphoreCommand::wait_gt_0, 1, 0);
  run.result("one", attach_once(*session, entry), 0);
  entry.sem[2] = semaphore(Sync::pre, SemaphoreCommand::wait_gt_0, 2, 0);
  run.result("two", attach_once(*session, entry), -EINVAL);
  // What counts as one is the field, also with a NOP.
  entry.sem[2] = semaphore(Sync::pre, SemaphoreCommand::nop, 0, 0);
  run.result("one-and-a-nop", attach_once(*session, entry), -EINVAL);
}

void more_elements_than_the_queue(Run& run) {
  const auto session = Session::start(run, 8);
  if (!session) return;
  const Node& node = session->node;
  const Channel& channel = session->channel;
  const auto attempt = [&](std::size_t count) {
    std::vector<uapi::AttachSliceEntry> entries;
    for (std::size_t i = 0; i < count; ++i)
      entries.push_back(slice(64, channel.device_address + 64 * i, 64 * i));
    std::uint32_t handle = 0;
    int result = node.create_bo(4096, handle);
    if (result >= 0) result = node.attach(channel.dbc, handle, Direction::to_device, entries);
    if (result >= 0) (void)node.detach(handle);
    return result;
  };
  run.result("7-in-8", attempt(7), 0);
  run.result("8-in-8", attempt(8), 0);
  run.result("9-in-8", attempt(9), -ENOSPC);
}

void one_bad_slice_among_good_ones(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = Bo::make(run, node, 8192);
  if (!bo) return;
  uapi::AttachSliceEntry entries[] = {slice(4096, channel.device_address),
                                      slice(4097, channel.device_address + 4096, 4096)};
  run.result("attach", node.attach(channel.dbc, bo->handle, Direction::to_device, entries), -EINVAL);
  entries[1].size = 4096;
  run.result("attach-mended", node.attach(channel.dbc, bo->handle, Direction::to_device, entries), 0);
}

void detach_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = Bo::make(run, node, 4096);
  if (!bo) return;
  run.result("not-sliced", node.detach(bo->handle), -EINVAL);
  run.result("no-such-handle", node.detach(77), -ENOENT);
  const uapi::AttachSliceEntry entry[] = {slice(4096, channel.device_address)};
  if (!run.prepared("attach", node.attach(channel.dbc, bo->handle, Direction::to_device, entry))) return;
  uapi::DetachSlice detach{bo->handle, 1};
  run.result("pad-1", node.call(uapi::kIoctlDetachSliceBo, detach), -EINVAL);
  run.result("detach", node.detach(bo->handle), 0);
}

void without_any_dbc(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 4096);
  if (!bo) return;
  const uapi::AttachSliceEntry entry[] = {slice(4096, kBareDeviceAddress)};
  run.result("attach", node->attach(15, bo->handle, Direction::to_device, entry), -EINVAL);
  run.result("detach", node->detach(bo->handle), -EINVAL);
}

constexpr Case kCases[] = {
    {"slice.without_any_dbc", without_any_dbc},
    {"slice.attach_and_detach", attach_and_detach},
    {"slice.header_fields", header_fields},
    {"slice.range", range},
    {"slice.doorbell_fields", doorbell_fields},
    {"slice.semaphore_fields", semaphore_fields},
    {"slice.presync_semaphores", presync_semaphores},
    {"slice.more_elements_than_the_queue", more_elements_than_the_queue},
    {"slice.one_bad_slice_among_good_ones", one_bad_slice_among_good_ones},
    {"slice.detach_fields", detach_fields},
};

}  // namespace

std::span<const Case> slice_cases() {
  return kCases;
}

}  // namespace qaic::conformance
