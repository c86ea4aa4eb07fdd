// PARTIAL_EXECUTE_BO: kernel-interface §1.6, §3.5.
#include <algorithm>
#include <cerrno>
#include <vector>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

constexpr std::uint64_t kSize = 4096;

// How many leading bytes of the card's memory changed when a BO of 4096 bytes
// was executed with `resize`; the result of execute and wait.
int changed_by(Run& run, const Session& session, std::uint64_t resize, std::uint64_t& changed) {
  const std::uint64_t at = session.channel.device_address;
  const std::vector<std::byte> before(kSize, std::byte{0xEE});
  if (!write_card(run, session, at, before)) return -EIO;
  const auto bo = attached(run, session, Direction::to_device, kSize, at);
  if (!bo) return -EIO;
  std::fill(bo->bytes().begin(), bo->bytes().end(), std::byte{0x11});
  int result = session.node.partial_execute(session.channel.dbc, bo->handle, resize);
  if (result >= 0) result = session.node.wait(session.channel.dbc, bo->handle);
  std::vector<std::byte> after(kSize);
  if (!read_card(run, session, at, after)) return -EIO;
  changed = 0;
  while (changed < kSize && after[changed] == std::byte{0x11}) ++changed;
  return result;
}

void resize(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, kSize}) {
    std::uint64_t changed = 0;
    run.result("resize-" + std::to_string(size), changed_by(run, *session, size, changed), 0);
    run.equal("bytes-" + std::to_string(size), changed, size);
  }
}

void resize_beyond_the_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, kSize, channel.device_address);
  if (!bo) return;
  run.result("4097", node.partial_execute(channel.dbc, bo->handle, kSize + 1), -EINVAL);
  run.result("all-ones", node.partial_execute(channel.dbc, bo->handle, 0xFFFFFFFFFFFFFFFF), -EINVAL);
  run.result("4096", node.partial_execute(channel.dbc, bo->handle, kSize), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle), 0);
}

void resize_between_slices(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  const std::vector<std::byte> before(kSize, std::byte{0xEE});
  if (!write_card(run, *session, at, before)) return;
  const uapi::AttachSliceEntry entries[] = {slice(1024, at, 0), slice(1024, at + 1024, 1024),
                                            slice(2048, at + 2048, 2048)};
  const auto bo = attached(run, *session, Direction::to_device, kSize, entries);
  if (!bo) return;
  std::fill(bo->bytes().begin(), bo->bytes().end(), std::byte{0x11});
  run.result("PARTIAL_EXECUTE_BO", node.partial_execute(channel.dbc, bo->handle, 1500), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle), 0);
  std::vector<std::byte> after(kSize);
  if (!read_card(run, *session, at, after)) return;
  std::uint64_t changed = 0;
  while (changed < kSize && after[changed] == std::byte{0x11}) ++changed;
  run.equal("bytes", changed, 1500);
  bool rest = true;
  for (std::size_t i = 1500; i < kSize; ++i) rest = rest && after[i] == std::byte{0xEE};
  run.holds("the-rest-is-untouched", rest);
}

void whole_again_after_a_part(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const std::uint64_t at = channel.device_address;
  const auto bo = attached(run, *session, Direction::to_device, kSize, at);
  if (!bo) return;
  bo->fill(9);
  run.result("PARTIAL_EXECUTE_BO", node.partial_execute(channel.dbc, bo->handle, 10), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle), 0);
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  std::vector<std::byte> after(kSize);
  if (!read_card(run, *session, at, after)) return;
  run.holds("whole", same(after, bo->bytes()));
}

void header_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto loose = Bo::make(run, node, kSize);
  if (!loose) return;
  run.result("dbc-16", node.partial_execute(16, loose->handle, 1), -EINVAL);
  run.result("no-such-handle", node.partial_execute(channel.dbc, 77, 1), -ENOENT);
  run.result("not-sliced", node.partial_execute(channel.dbc, loose->handle, 1), -EINVAL);
  uapi::Execute execute{0, channel.dbc, 0};
  run.result("count-0", node.call(uapi::kIoctlPartialExecuteBo, execute), -EINVAL);
  execute = {1, channel.dbc, 8};
  run.result("data-unreadable", node.call(uapi::kIoctlPartialExecuteBo, execute), -EFAULT);
}

constexpr Case kCases[] = {
    {"partial.resize", resize},
    {"partial.resize_beyond_the_bo", resize_beyond_the_bo},
    {"partial.resize_between_slices", resize_between_slices},
    {"partial.whole_again_after_a_part", whole_again_after_a_part},
    {"partial.header_fields", header_fields},
};

}  // namespace

std::span<const Case> partial_cases() {
  return kCases;
}

}  // namespace qaic::conformance
