// Two cards in one host: kernel-interface §1.1, §1.8, §7.
#include <cerrno>

#include "conformance/copy.hpp"
#include "conformance/dma_buf.hpp"
#include "conformance/events.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

// The settings of the other card; the case is skipped if there is none.
std::optional<Settings> other_card(Run& run) {
  if (run.settings().second_node.empty()) {
    run.skip("needs a second --node");
    return std::nullopt;
  }
  Settings other = run.settings();
  other.node = run.settings().second_node;
  return other;
}

// What both cards give, each with a run of its own for what it may report.
struct Pair {
  Session first;
  Session second;
  static std::optional<Pair> start(Run& run, const Settings& other) {
    auto first = Session::start(run);
    if (!first) return std::nullopt;
    Run at_other(other, "second-card", stderr);
    auto second = Session::start(at_other);
    if (!run.prepared("a DBC of the second card", second ? 0 : -EPROTO)) return std::nullopt;
    return Pair{std::move(*first), std::move(*second)};
  }
};

void both_move_data_at_once(Run& run) {
  const auto other = other_card(run);
  if (!other) return;
  const auto pair = Pair::start(run, *other);
  if (!pair) return;
  Run at_other(*other, "second-card", stderr);
  const auto one = attached(run, pair->first, Direction::to_device, 8192, pair->first.channel.device_address);
  const auto two =
      attached(at_other, pair->second, Direction::to_device, 8192, pair->second.channel.device_address);
  if (!one || !two) return;
  one->fill(1);
  two->fill(2);
  run.result("EXECUTE_BO-first", pair->first.node.execute(pair->first.channel.dbc, {one->handle}), 0);
  run.result("EXECUTE_BO-second", pair->second.node.execute(pair->second.channel.dbc, {two->handle}), 0);
  run.result("WAIT_BO-first", pair->first.node.wait(pair->first.channel.dbc, one->handle), 0);
  run.result("WAIT_BO-second", pair->second.node.wait(pair->second.channel.dbc, two->handle), 0);
  base::ByteVector from_first(8192);
  base::ByteVector from_second(8192);
  if (!read_card(run, pair->first, pair->first.channel.device_address, from_first)) return;
  if (!read_card(at_other, pair->second, pair->second.channel.device_address, from_second)) return;
  run.holds("bytes-of-the-first", same(from_first, one->bytes()));
  run.holds("bytes-of-the-second", same(from_second, two->bytes()));
}

void handles_count_per_file(Run& run) {
  const auto other = other_card(run);
  if (!other) return;
  const auto first = Node::open(run);
  Run at_other(*other, "second-card", stderr);
  const auto second = Node::open(at_other);
  if (!first || !run.prepared("open the second", second ? 0 : -ENODEV)) return;
  std::uint32_t one = 0;
  std::uint32_t two = 0;
  run.result("CREATE_BO-first", first->create_bo(4096, one), 0);
  run.result("CREATE_BO-second", second->create_bo(4096, two), 0);
  run.equal("handle-of-the-first", one, 1);
  run.equal("handle-of-the-second", two, 1);
  std::uint64_t offset = 0;
  run.result("GEM_CLOSE-first", first->gem_close(one), 0);
  run.result("MMAP_BO-second", second->mmap_bo(two, offset), 0);
}

// 6.12 has no way to give a BO's pages to another device.
void a_bo_of_one_used_by_the_other(Run& run) {
  const auto other = other_card(run);
  if (!other) return;
  const auto pair = Pair::start(run, *other);
  if (!pair) return;
  Run at_other(*other, "second-card", stderr);
  const auto bo = Bo::make(run, pair->first.node, 8192);
  if (!bo) return;
  bo->fill(4);
  os::Fd dma_buf;
  run.result("export", export_bo(pair->first.node, bo->handle, dma_buf), 0);
  if (!dma_buf.valid()) return;
  std::uint32_t handle = 0;
  const int result = import_bo(pair->second.node, dma_buf.get(), handle);
  run.result("import", result, {0, -ENOSYS});
  if (result < 0) return;
  const auto& [node, channel] = pair->second;
  const uapi::AttachSliceEntry entry[] = {slice(8192, channel.device_address)};
  run.result("ATTACH_SLICE_BO", node.attach(channel.dbc, handle, Direction::to_device, entry), 0);
  run.result("EXECUTE_BO", node.execute(channel.dbc, {handle}), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, handle), 0);
  base::ByteVector card(8192);
  if (!read_card(at_other, pair->second, channel.device_address, card)) return;
  run.holds("same-bytes", same(card, bo->bytes()));
}

void a_reset_of_one_leaves_the_other(Run& run) {
  const auto other = other_card(run);
  if (!other) return;
  const auto pair = Pair::start(run, *other);
  if (!pair) return;
  const auto place = Location::of(run, run.settings().node);
  if (!place) return;
  Run at_other(*other, "second-card", stderr);
  const auto bo =
      attached(at_other, pair->second, Direction::to_device, 4096, pair->second.channel.device_address);
  if (!bo) return;
  auto events = Events::listen(run, *place);
  if (!events) return;
  run.result("soc_reset", place->reset_soc(), 0);
  run.result("second-works", execute_and_wait(pair->second, *bo), 0);
  run.holds("first-comes-back", events->card_comes_back());
  run.result("second-works-on", execute_and_wait(pair->second, *bo), 0);
}

constexpr Case kCases[] = {
    {"cards.handles_count_per_file", handles_count_per_file},
    {"cards.both_move_data_at_once", both_move_data_at_once},
    {"cards.a_bo_of_one_used_by_the_other", a_bo_of_one_used_by_the_other},
    {"cards.a_reset_of_one_leaves_the_other", a_reset_of_one_leaves_the_other, Hazard::destructive},
};

}  // namespace

std::span<const Case> cards_cases() {
  return kCases;
}

}  // namespace qaic::conformance
