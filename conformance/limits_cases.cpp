// How much is too much: kernel-interface §1.10, §2.6, §3.5.
#include <cerrno>
#include <vector>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"
#include "conformance/scattered.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

// A message that the card does not get: 4028 addresses, the most that one takes,
// leave 1032 bytes of the 64 KiB that it may have on the wire.
int send_after_addresses(const Node& node, const Scattered& memory, std::size_t passthrough, int dma_after) {
  Message message;
  message.add_dma(1, memory.address(), memory.size());
  message.add_passthrough(base::ByteVector(passthrough - sizeof(uapi::TransactionHeader)));
  if (dma_after != 0) message.add_dma(2, memory.address(), 4096);
  return message.send(node);
}

void wire_message_above_64_kib(Run& run) {
  const auto node = Node::open(run);
  const auto memory = Scattered::make(run, kAddressesOfOneMessage);
  if (!node || !memory) return;
  run.result("one-8-bytes-too-long", send_after_addresses(*node, *memory, 1040, 0), {-ENOSPC, -EINVAL});
  run.result("just-long-enough", send_after_addresses(*node, *memory, 1032, 0), 0);
}

void no_room_for_an_address(Run& run) {
  const auto node = Node::open(run);
  const auto memory = Scattered::make(run, kAddressesOfOneMessage);
  if (!node || !memory) return;
  run.result("24-bytes-left", send_after_addresses(*node, *memory, 1008, 1), {-ENOMEM, -EINVAL});
}

// A transfer that needs several messages. No command says how much is to come,
// so the card takes it for whole after the first.
void addresses_of_several_messages(Run& run) {
  const auto node = Node::open(run);
  const auto memory = Scattered::make(run, kAddressesOfOneMessage + 1000);
  if (!node || !memory) return;
  Message message;
  message.add_dma(1, memory->address(), memory->size());
  run.result("MANAGE", message.send(*node), 0);
}

// Everything that the queue takes, in one go and one by one, and what comes then.
void flood_of_executes(Run& run) {
  constexpr std::uint32_t kElements = 256;
  const auto session = Session::start(run, kElements);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto first = stuck(run, *session);
  if (!first) return;
  std::vector<std::uint32_t> handles;
  const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
  for (std::uint32_t i = 0; i < 2 * kElements; ++i) {
    std::uint32_t handle = 0;
    if (!run.prepared("CREATE_BO", node.create_bo(4096, handle))) return;
    if (!run.prepared("attach", node.attach(channel.dbc, handle, Direction::to_device, entry))) return;
    handles.push_back(handle);
  }
  run.result("all-at-once", node.execute(channel.dbc, handles), -EAGAIN);
  unsigned taken = 0;
  unsigned refused = 0;
  unsigned otherwise = 0;
  for (const std::uint32_t handle : handles) {
    const int result = node.execute(channel.dbc, {handle});
    ++(result == 0 ? taken : result == -EAGAIN ? refused : otherwise);
  }
  run.equal("taken", taken, kElements - 2);  // one slot stays free, one is the first's
  run.equal("refused", refused, kElements + 2);
  run.equal("with-another-error", otherwise, 0);
}

// As fast as it goes: the queue runs full and empty again, and nothing is lost.
void executes_faster_than_the_card(Run& run) {
  const auto session = Session::start(run, 16);
  if (!session) return;
  const auto& [node, channel] = *session;
  constexpr std::size_t kBos = 32;
  constexpr unsigned kRounds = 20;
  std::vector<std::uint32_t> handles;
  const uapi::AttachSliceEntry entry[] = {slice(4096, channel.device_address)};
  for (std::size_t i = 0; i < kBos; ++i) {
    std::uint32_t handle = 0;
    if (!run.prepared("CREATE_BO", node.create_bo(4096, handle))) return;
    if (!run.prepared("attach", node.attach(channel.dbc, handle, Direction::to_device, entry))) return;
    handles.push_back(handle);
  }
  unsigned completed = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kBos; ++i) {
      int result = node.execute(channel.dbc, {handles[i]});
      // Full: what was queued first must end.
      if (result == -EAGAIN && i > 0) {
        if (!run.prepared("WAIT_BO", node.wait(channel.dbc, handles[i - 1]))) return;
        result = node.execute(channel.dbc, {handles[i]});
      }
      if (!run.prepared("EXECUTE_BO", result)) return;
    }
    for (const std::uint32_t handle : handles) completed += node.wait(channel.dbc, handle) == 0 ? 1U : 0U;
  }
  run.equal("completed", completed, kRounds * kBos);
}

void a_batch_of_many(Run& run) {
  const auto session = Session::start(run, 1024);
  if (!session) return;
  const auto& [node, channel] = *session;
  std::vector<std::uint32_t> handles;
  const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
  for (int i = 0; i < 1023; ++i) {
    std::uint32_t handle = 0;
    if (!run.prepared("CREATE_BO", node.create_bo(4096, handle))) return;
    if (!run.prepared("attach", node.attach(channel.dbc, handle, Direction::to_device, entry))) return;
    handles.push_back(handle);
  }
  run.result("EXECUTE_BO-1023-in-1024", node.execute(channel.dbc, handles), 0);
  run.result("WAIT_BO-last", node.wait(channel.dbc, handles.back()), 0);
}

// What no machine has. Some kernels warn of such a request in their log, and a
// machine set to panic on a warning does so: hence destructive.
void counts_beyond_any_memory(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  uapi::ExecuteEntry entry{bo->handle, 0};
  uapi::Execute execute{0x40000000, channel.dbc, reinterpret_cast<std::uintptr_t>(&entry)};
  run.result("EXECUTE_BO", node.call(uapi::kIoctlExecuteBo, execute), -ENOMEM);
  run.result("PARTIAL_EXECUTE_BO", node.call(uapi::kIoctlPartialExecuteBo, execute), -ENOMEM);
  const uapi::AttachSliceEntry one = slice(64, channel.device_address);
  uapi::AttachSlice attach{0x10000000, channel.dbc, bo->handle, 1, 0, reinterpret_cast<std::uintptr_t>(&one)};
  const auto loose = Bo::make(run, node, 4096);
  if (!loose) return;
  attach.handle = loose->handle;
  run.result("ATTACH_SLICE_BO", node.call(uapi::kIoctlAttachSliceBo, attach), {-ENOMEM, -EINVAL});
}

void a_bo_beyond_any_memory(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t handle = 0;
  run.result("size-1-pib", node->create_bo(std::uint64_t{1} << 50, handle), -ENOMEM);
}

void a_queue_beyond_any_memory(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_activate(0x3000000);  // 3.2 GiB in one piece
  run.result("MANAGE", message.send(*node), {-ENOMEM, -EINVAL});
}

constexpr Case kCases[] = {
    {"limits.wire_message_above_64_kib", wire_message_above_64_kib},
    {"limits.no_room_for_an_address", no_room_for_an_address},
    {"limits.addresses_of_several_messages", addresses_of_several_messages},
    {"limits.flood_of_executes", flood_of_executes},
    {"limits.executes_faster_than_the_card", executes_faster_than_the_card},
    {"limits.a_batch_of_many", a_batch_of_many},
    {"limits.counts_beyond_any_memory", counts_beyond_any_memory, Hazard::destructive},
    {"limits.a_bo_beyond_any_memory", a_bo_beyond_any_memory},
    {"limits.a_queue_beyond_any_memory", a_queue_beyond_any_memory, Hazard::destructive},
};

}  // namespace

std::span<const Case> limits_cases() {
  return kCases;
}

}  // namespace qaic::conformance
