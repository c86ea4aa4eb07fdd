// EXECUTE_BO: kernel-interface §1.6, §1.10, §3.5.
#include <cerrno>
#include <vector>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

void round_trip(Run& run, const Session& session, std::uint64_t size, std::uint64_t offset) {
  const std::uint64_t at = session.channel.device_address + offset;
  const auto out = attached(run, session, Direction::to_device, size, at);
  const auto in = attached(run, session, Direction::from_device, size, at);
  if (!out || !in) return;
  out->fill(static_cast<unsigned>(size));
  const std::string what = std::to_string(size) + "-at-" + std::to_string(offset);
  run.result("to-device-" + what, execute_and_wait(session, *out), 0);
  run.result("from-device-" + what, execute_and_wait(session, *in), 0);
  run.holds("same-bytes-" + what, same(out->bytes(), in->bytes()));
}

void copy_to_the_card_and_back(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  round_trip(run, *session, 1, 0);
  round_trip(run, *session, 4096, 0);
  round_trip(run, *session, 4097, 3);
  round_trip(run, *session, 256 * 1024, 4096);
  round_trip(run, *session, 3 * 1024 * 1024 + 5, 64);
}

void part_of_a_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  std::vector<std::byte> before(8192, std::byte{0xEE});
  if (!write_card(run, *session, at, before)) return;
  const uapi::AttachSliceEntry entry[] = {slice(100, at + 50, 4090)};
  const auto bo = attached(run, *session, Direction::to_device, 8192, entry);
  if (!bo) return;
  bo->fill(3);
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  std::vector<std::byte> after(8192);
  if (!read_card(run, *session, at, after)) return;
  std::vector<std::byte> wanted = before;
  for (std::size_t i = 0; i < 100; ++i) wanted[50 + i] = bo->bytes()[4090 + i];
  run.holds("only-the-slice", same(after, wanted));
}

void several_slices_of_one_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  // Three thirds, written to the card in reverse order.
  constexpr std::uint64_t kThird = 5000;
  const uapi::AttachSliceEntry entries[] = {
      slice(kThird, at + 2 * kThird, 0), slice(kThird, at + kThird, kThird), slice(kThird, at, 2 * kThird)};
  const auto bo = attached(run, *session, Direction::to_device, 3 * kThird, entries);
  if (!bo) return;
  bo->fill(5);
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  std::vector<std::byte> card(3 * kThird);
  if (!read_card(run, *session, at, card)) return;
  const base::Bytes host = bo->bytes();
  const base::Bytes got(card);
  run.holds("first", same(host.subspan(0, kThird), got.subspan(2 * kThird, kThird)));
  run.holds("second", same(host.subspan(kThird, kThird), got.subspan(kThird, kThird)));
  run.holds("third", same(host.subspan(2 * kThird, kThird), got.subspan(0, kThird)));
}

void a_list_runs_in_order(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  const auto one = attached(run, *session, Direction::to_device, 4096, at);
  const auto two = attached(run, *session, Direction::to_device, 4096, at);
  const auto back = attached(run, *session, Direction::from_device, 4096, at);
  if (!one || !two || !back) return;
  one->fill(1);
  two->fill(2);
  run.result("EXECUTE_BO",
             session->node.execute(session->channel.dbc, {one->handle, two->handle, back->handle}), 0);
  run.result("WAIT_BO-last", session->node.wait(session->channel.dbc, back->handle), 0);
  run.result("WAIT_BO-first", session->node.wait(session->channel.dbc, one->handle), 0);
  run.holds("last-writer-wins", same(back->bytes(), two->bytes()));
}

void again_and_again(Run& run) {
  // More submissions than the queue has elements: head, tail and ids wrap.
  const auto session = Session::start(run, 8);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  const auto out = attached(run, *session, Direction::to_device, 4096, at);
  const auto in = attached(run, *session, Direction::from_device, 4096, at);
  if (!out || !in) return;
  unsigned good = 0;
  int result = 0;
  for (unsigned i = 0; i < 50 && result >= 0; ++i) {
    out->fill(i);
    result = execute_and_wait(*session, *out);
    if (result >= 0) result = execute_and_wait(*session, *in);
    if (same(out->bytes(), in->bytes())) ++good;
  }
  run.result("EXECUTE_BO+WAIT_BO", result, 0);
  run.equal("right-rounds", good, 50);
}

void header_fields(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  const auto loose = Bo::make(run, node, 4096);
  if (!bo || !loose) return;
  run.result("count-0", node.execute(channel.dbc, std::span<const std::uint32_t>{}), -EINVAL);
  run.result("dbc-16", node.execute(16, {bo->handle}), -EINVAL);
  run.result("dbc-not-owned", node.execute(channel.dbc == 15 ? 14 : 15, {bo->handle}), -EPERM);
  run.result("no-such-handle", node.execute(channel.dbc, {77}), -ENOENT);
  run.result("not-sliced", node.execute(channel.dbc, {loose->handle}), -EINVAL);
  run.result("same-bo-twice", node.execute(channel.dbc, {bo->handle, bo->handle}), -EINVAL);
  uapi::Execute execute{};
  execute.count = 1;
  execute.dbc_id = channel.dbc;
  execute.data = 8;
  run.result("data-unreadable", node.call(uapi::kIoctlExecuteBo, execute), -EFAULT);
  run.result("good", execute_and_wait(*session, *bo), 0);
}

void direction_of_an_entry_is_ignored(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  uapi::ExecuteEntry entry{bo->handle, 77};
  uapi::Execute execute{1, channel.dbc, reinterpret_cast<std::uintptr_t>(&entry)};
  run.result("EXECUTE_BO", node.call(uapi::kIoctlExecuteBo, execute), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle), 0);
}

void without_any_dbc(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 4096);
  if (!bo) return;
  run.result("EXECUTE_BO", node->execute(15, {bo->handle}), -EPERM);
  run.result("PARTIAL_EXECUTE_BO", node->partial_execute(15, bo->handle, 0), -EPERM);
}

void while_queued(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  run.result("EXECUTE_BO-again", node.execute(channel.dbc, {bo->handle}), -EINVAL);
  run.result("DETACH_SLICE_BO", node.detach(bo->handle), -EBUSY);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle, 100), -ETIMEDOUT);
  run.result("DETACH_SLICE_BO-after-timeout", node.detach(bo->handle), -EBUSY);
}

void queue_full(Run& run) {
  // 4 elements: 3 can be outstanding. Everything behind the first is held up.
  const auto session = Session::start(run, 4);
  if (!session) return;
  const Node& node = session->node;
  const Channel& channel = session->channel;
  const auto first = stuck(run, *session);
  if (!first) return;
  const auto fill = [&] {
    return attached(run, *session, Direction::to_device, 4096, channel.device_address);
  };
  const auto second = fill();
  const auto third = fill();
  const auto fourth = fill();
  if (!second || !third || !fourth) return;
  run.result("batch-larger-than-what-is-free",
             node.execute(channel.dbc, {second->handle, third->handle, fourth->handle}), -EAGAIN);
  run.result("DETACH_SLICE_BO-of-the-refused", node.detach(second->handle), 0);
  run.result("third", node.execute(channel.dbc, {third->handle}), 0);
}

void a_bo_as_large_as_the_queue(Run& run) {
  const auto session = Session::start(run, 4);
  if (!session) return;
  const auto& [node, channel] = *session;
  std::vector<uapi::AttachSliceEntry> entries;
  for (std::uint64_t i = 0; i < 4; ++i) entries.push_back(slice(64, channel.device_address + 64 * i, 64 * i));
  const auto bo = attached(run, *session, Direction::to_device, 4096, entries);
  if (!bo) return;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {bo->handle}), -EAGAIN);
}

void bo_of_another_dbc(Run& run) {
  auto session = Session::start(run);
  if (!session) return;
  const auto second = Channel::activate(run, session->node);
  if (!second) return;
  run.holds("another-dbc", second->dbc != session->channel.dbc);
  const auto bo = attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
  if (!bo) return;
  run.result("EXECUTE_BO-on-the-other", session->node.execute(second->dbc, {bo->handle}), 0);
  run.result("WAIT_BO-on-the-other", session->node.wait(second->dbc, bo->handle, 1000), 0);
}

constexpr Case kCases[] = {
    {"execute.without_any_dbc", without_any_dbc},
    {"execute.copy_to_the_card_and_back", copy_to_the_card_and_back},
    {"execute.part_of_a_bo", part_of_a_bo},
    {"execute.several_slices_of_one_bo", several_slices_of_one_bo},
    {"execute.a_list_runs_in_order", a_list_runs_in_order},
    {"execute.again_and_again", again_and_again},
    {"execute.header_fields", header_fields},
    {"execute.direction_of_an_entry_is_ignored", direction_of_an_entry_is_ignored},
    {"execute.while_queued", while_queued},
    {"execute.queue_full", queue_full},
    {"execute.a_bo_as_large_as_the_queue", a_bo_as_large_as_the_queue},
    {"execute.bo_of_another_dbc", bo_of_another_dbc},
};

}  // namespace

std::span<const Case> execute_cases() {
  return kCases;
}

}  // namespace qaic::conformance
