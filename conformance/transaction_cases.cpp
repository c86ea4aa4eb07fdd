// MANAGE: each transaction's own checks. kernel-interface §1.10, §2.4.
#include <sys/mman.h>

#include <cerrno>
#include <vector>

#include "conformance/channel.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::TransactionType;

int send_header(const Node& node, std::uint32_t type, std::uint32_t len, std::size_t present) {
  Message message;
  message.add_header(static_cast<TransactionType>(type), len, present);
  return message.send(node);
}

void unknown_type(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  for (const std::uint32_t type : {0U, 2U, 3U, 4U, 6U, 8U, 9U, 11U, 14U, 15U, 16U, 17U, 18U, 19U, 20U, 99U}) {
    run.result("type-" + std::to_string(type), send_header(*node, type, 16, 16), -EINVAL);
  }
}

void length_outside_the_message(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto passthrough = static_cast<std::uint32_t>(TransactionType::passthrough_from_user);
  run.result("len-7", send_header(*node, passthrough, 7, 16), -EINVAL);
  run.result("len-0", send_header(*node, passthrough, 0, 16), -EINVAL);
  run.result("past-the-end", send_header(*node, passthrough, 24, 16), -EINVAL);
  run.result("len-all-ones", send_header(*node, passthrough, 0xFFFFFFFF, 16), -EINVAL);
}

void passthrough_not_a_multiple_of_8(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto passthrough = static_cast<std::uint32_t>(TransactionType::passthrough_from_user);
  run.result("len-12", send_header(*node, passthrough, 12, 12), -EINVAL);
  run.result("len-20", send_header(*node, passthrough, 20, 20), -EINVAL);
}

int send_dma(const Node& node, std::uint64_t addr, std::uint64_t size) {
  Message message;
  message.add_dma(1, addr, size);
  return message.send(node);
}

void dma_without_bytes(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint64_t word = 0;
  run.result("size-0", send_dma(*node, reinterpret_cast<std::uintptr_t>(&word), 0), -EINVAL);
}

void dma_range_overflows(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  run.result("addr+size", send_dma(*node, 0xFFFFFFFFFFFFF000, 0x2000), -EINVAL);
  run.result("size-all-ones", send_dma(*node, 0x10000, 0xFFFFFFFFFFFFFFFF), -EINVAL);
}

void dma_from_unmapped_memory(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  run.result("null-page", send_dma(*node, 0x1000, 4096), {-EFAULT, -EINVAL});
  void* page = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!run.prepared("mmap", page == MAP_FAILED ? -errno : 0)) return;
  ::munmap(static_cast<char*>(page) + 4096, 4096);
  run.result("second-page-missing", send_dma(*node, reinterpret_cast<std::uintptr_t>(page), 8192),
             {-EFAULT, -EINVAL});
  ::munmap(page, 4096);
}

void dma_from_a_bo_mapping(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto bo = Bo::make(run, *node, 4096);
  if (!bo) return;
  run.result("MANAGE", send_dma(*node, reinterpret_cast<std::uintptr_t>(bo->bytes().data()), 4096),
             {-EFAULT, -EINVAL});
}

void activate_fields(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto send = [&](std::uint32_t queue, std::uint32_t pad) {
    Message message;
    message.add_activate(queue, 0, pad);
    return message.send(*node);
  };
  run.result("queue-0", send(0, 0), -EINVAL);
  run.result("pad-1", send(64, 1), -EINVAL);
  run.result("queue-all-ones", send(0xFFFFFFFF, 0), -EINVAL);
}

void deactivate_fields(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto send = [&](std::uint32_t dbc, std::uint32_t pad) {
    Message message;
    message.add_deactivate(dbc, pad);
    return message.send(*node);
  };
  run.result("dbc-16", send(16, 0), -EINVAL);
  run.result("pad-1", send(0, 1), -EINVAL);
  run.result("not-owned", send(9, 0), -EPERM);
}

void deactivate_of_another_files_dbc(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto other = Node::open(run);
  if (!other) return;
  Message message;
  message.add_deactivate(session->channel.dbc);
  run.result("MANAGE", message.send(*other), -EPERM);
}

void activate_answers_with_a_dbc(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto channel = Channel::activate(run, *node);
  if (!channel) return;
  run.holds("dbc-below-16", channel->dbc < uapi::kDbcCount);
}

void dma_of_any_alignment(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::vector<std::byte> memory(3 * 4096 + 5);
  // Alone in its message it belongs to no command: the card must still answer.
  const int result = send_dma(*node, reinterpret_cast<std::uintptr_t>(memory.data() + 3), memory.size() - 3);
  run.result("MANAGE", result, 0);
}

constexpr Case kCases[] = {
    {"transaction.unknown_type", unknown_type},
    {"transaction.length_outside_the_message", length_outside_the_message},
    {"transaction.passthrough_not_a_multiple_of_8", passthrough_not_a_multiple_of_8},
    {"transaction.dma_without_bytes", dma_without_bytes},
    {"transaction.dma_range_overflows", dma_range_overflows},
    {"transaction.dma_from_unmapped_memory", dma_from_unmapped_memory},
    {"transaction.dma_from_a_bo_mapping", dma_from_a_bo_mapping},
    {"transaction.dma_of_any_alignment", dma_of_any_alignment},
    {"transaction.activate_fields", activate_fields},
    {"transaction.activate_answers_with_a_dbc", activate_answers_with_a_dbc},
    {"transaction.deactivate_fields", deactivate_fields},
    {"transaction.deactivate_of_another_files_dbc", deactivate_of_another_files_dbc},
};

}  // namespace

std::span<const Case> transaction_cases() {
  return kCases;
}

}  // namespace qaic::conformance
