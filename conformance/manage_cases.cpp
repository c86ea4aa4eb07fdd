// MANAGE: the message as a whole, and what a card answers. kernel-interface
// §1.5, §1.10; runtime-protocols §2.2, §3.
#include <sys/mman.h>

#include <cerrno>

#include "conformance/groups.hpp"
#include "conformance/node.hpp"
#include "wire/nnc.hpp"

namespace qaic::conformance {
namespace {

namespace nnc = wire::nnc;
using uapi::TransactionType;

void status(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_header(TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", message.send(*node), 0);
  run.equal("len", message.reply_len(), 24);
  run.equal("count", message.reply_count(), 1);
  const auto reply = as<uapi::StatusFromDev>(message.reply(TransactionType::status_from_dev));
  run.holds("status-from-dev", reply.has_value());
  if (!reply) return;
  run.equal("major", reply->major, 5);
  run.equal("minor", reply->minor, 0);
  run.equal("status", reply->status, 0);
}

void several_transactions_in_one_message(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  for (int i = 0; i < 3; ++i) message.add_header(TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", message.send(*node), 0);
  run.equal("len", message.reply_len(), 72);
  run.equal("count", message.reply_count(), 3);
}

// Sends one command of the card's own language. Nothing if the card echoes it
// or answers in another one: then the case is skipped.
template <class Response, class Request>
std::optional<Response> ask(Run& run, const Node& node, const Request& request, nnc::Command answer) {
  base::ByteVector payload(base::bytes_of(request).begin(), base::bytes_of(request).end());
  payload.resize(payload.size() + 8);
  Message message;
  message.add_passthrough(payload);
  run.result("MANAGE", message.send(node), 0);
  const auto response = base::read_struct<Response>(message.reply(TransactionType::passthrough_from_dev),
                                                    sizeof(uapi::TransactionHeader));
  if (!response || response->type != static_cast<std::uint32_t>(answer)) {
    run.skip("the card does not speak the NNC command");
    return std::nullopt;
  }
  return response;
}

void status_command(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  nnc::StatusRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::status);
  const auto response = ask<nnc::StatusResponse>(run, *node, request, nnc::Command::status_rsp);
  if (!response) return;
  run.equal("status", static_cast<std::uint64_t>(response->status), 0);
  run.holds("format-at-least-12", response->format_version >= nnc::kStatusFormatVersion);
  run.equal("command-major", response->command_major, nnc::kCommandMajor);
  run.equal("metadata-major", response->metadata_major, nnc::kMetadataMajor);
  run.holds("free-is-not-more-than-total",
            response->resources.dram_free <= response->resources.dram_total &&
                response->resources.nsp_free <= response->resources.nsp_total &&
                response->resources.vc_free <= response->resources.vc_total);
}

void resource_info_command(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  nnc::ResourceInfoRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::resource_info);
  request.resource_group_id = -1;
  const auto response = ask<nnc::ResourceInfoResponse>(run, *node, request, nnc::Command::resource_info_rsp);
  if (!response) return;
  run.equal("status", static_cast<std::uint64_t>(response->status), 0);
  run.equal("vc-total", response->info.vc_total, 16);
  run.holds("nsps", response->info.nsp_total > 0);
}

void performance_info_command(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  nnc::SimpleRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::performance_info);
  const auto response =
      ask<nnc::PerformanceInfoResponse>(run, *node, request, nnc::Command::performance_info_rsp);
  if (!response) return;
  run.equal("status", static_cast<std::uint64_t>(response->status), 0);
  run.holds("nsp-frequency", response->info.nsp_frequency != 0U);
}

void bad_length_or_count(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const auto send = [&](std::uint32_t len, std::uint32_t count) {
    Message message;
    message.add_header(TransactionType::status_from_user, 8, 8);
    return message.send(*node, len, count);
  };
  run.result("len-4104", send(4104, 1), -EINVAL);
  run.result("len-4097", send(4097, 1), -EINVAL);
  run.result("len-0", send(0, 1), -EINVAL);
  run.result("len-4", send(4, 1), -EINVAL);
  run.result("count-0", send(8, 0), -EINVAL);
  run.result("count-513", send(4096, 513), -EINVAL);
  run.result("count-above-content", send(8, 2), -EINVAL);
  run.result("len-above-content", send(16, 1), -EINVAL);
}

void leftover_bytes(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_header(TransactionType::status_from_user, 8, 8)
      .add_header(TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", message.send(*node, 16, 1), -EINVAL);
}

void data_unreadable(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  uapi::ManageMessage message{8, 1, 0x10};
  run.result("MANAGE", node->call(uapi::kIoctlManage, message), -EFAULT);
  message = {8, 1, 0};
  run.result("MANAGE-null", node->call(uapi::kIoctlManage, message), -EFAULT);
}

void reply_unwritable(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!run.prepared("mmap", page == MAP_FAILED ? -errno : 0)) return;
  const uapi::TransactionHeader header{static_cast<std::uint32_t>(TransactionType::status_from_user), 8};
  std::memcpy(page, &header, sizeof(header));
  if (!run.prepared("mprotect", ::mprotect(page, 4096, PROT_READ) < 0 ? -errno : 0)) return;
  uapi::ManageMessage message{8, 1, reinterpret_cast<std::uintptr_t>(page)};
  run.result("MANAGE", node->call(uapi::kIoctlManage, message), -EFAULT);
  ::munmap(page, 4096);
}

// The reply is longer than the request: the driver does not look at the
// buffer's size (§10.5), so the page after it must exist and is written to.
void reply_longer_than_request(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_header(TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", message.send(*node, 8, 1), 0);
  run.equal("len", message.reply_len(), 24);
}

// A ring of 128 descriptors: not enough for 201, however long one waits (§10.22).
void more_transactions_than_the_ring_holds(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  for (int i = 0; i < 200; ++i) message.add_header(TransactionType::passthrough_from_user, 16, 16);
  run.result("MANAGE", message.send(*node), -EAGAIN);
}

// 6.12 limits a message with status or activate to 4 KiB on the wire, 7.x to 64 KiB.
void wire_message_above_4096(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const base::ByteVector payload(4056);
  Message message;
  message.add_passthrough(payload).add_header(TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", message.send(*node), {0, -EINVAL});
}

constexpr Case kCases[] = {
    {"manage.status", status},
    {"manage.several_transactions_in_one_message", several_transactions_in_one_message},
    {"manage.status_command", status_command},
    {"manage.resource_info_command", resource_info_command},
    {"manage.performance_info_command", performance_info_command},
    {"manage.bad_length_or_count", bad_length_or_count},
    {"manage.leftover_bytes", leftover_bytes},
    {"manage.data_unreadable", data_unreadable},
    {"manage.reply_unwritable", reply_unwritable},
    {"manage.reply_longer_than_request", reply_longer_than_request},
    {"manage.more_transactions_than_the_ring_holds", more_transactions_than_the_ring_holds},
    {"manage.wire_message_above_4096", wire_message_above_4096},
};

}  // namespace

std::span<const Case> manage_cases() {
  return kCases;
}

}  // namespace qaic::conformance
