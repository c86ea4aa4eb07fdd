#include "lib/core/device.hpp"

#include <cerrno>
#include <utility>

#include "lib/core/control.hpp"
#include "lib/nnc/command.hpp"
#include "lib/nnc/reply.hpp"
#include "lib/nnc/status.hpp"
#include "lib/uapi/ioctl.hpp"
#include "os/file.hpp"
#include "os/owner.hpp"
#include "os/process.hpp"

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using wire::nnc::Command;
using wire::uapi::TransactionType;

std::string permission_hint(const std::string& node) {
  const auto owner = os::file_owner(node);
  if (!owner) return "ask for access to the node";
  if ((owner->permissions & 0060) == 0060 && owner->group != "root") {
    return "the node is for group " + owner->group + ": sudo usermod -aG " + owner->group +
           " $USER, then log in again";
  }
  return "only " + owner->user + " may use the node: run this as " + owner->user +
         ", or let a udev rule give the node a group";
}

Error open_error(Error error, const std::string& node) {
  switch (error.code) {
    case ENOENT:
    case ENOTDIR:
      error.kind = ErrorKind::no_card;
      error.id = "device-node";
      error.hint = "see the nodes there are: qaic-util list";
      break;
    case ENXIO:  // a node left behind by a driver that is gone
      error.kind = ErrorKind::no_card;
      error.id = "device-node";
      error.hint = "load the driver: sudo modprobe qaic";
      break;
    case EACCES:
    case EPERM:
      error.id = "device-permission";
      error.hint = permission_hint(node);
      break;
    case ENODEV:
      error.kind = ErrorKind::unavailable;
      error.id = "device-offline";
      error.what = node + ": the card is not online: " + base::code_text(error);
      error.hint = "try again when qaic-util health calls the card ok";
      break;
    default:
      error.id = "device-open";
      break;
  }
  return error;
}

Error not_qaic(const std::string& node, const std::string& why) {
  return make_error(ErrorKind::usage, "device-not-qaic", node + ": " + why,
                    "see the nodes there are: qaic-util list");
}

// Other accelerators have nodes beside ours, and our ioctl numbers mean other
// things to them.
Result<void> check_driver(int fd, const std::string& node) {
  const auto name = uapi::driver_name(fd);
  if (name) {
    if (*name == "qaic") return {};
    return fail(not_qaic(node, "this node belongs to the driver " + *name + ", not to qaic"));
  }
  if (name.error().value == ENODEV) {  // went down since the open
    return fail(open_error(base::system_error(ENODEV, "", node), node));
  }
  return fail(not_qaic(node, "this is not a device node of an accelerator"));
}

}  // namespace

Result<std::shared_ptr<Device>> Device::open(const std::string& node) {
  auto fd = os::open_file(node, os::OpenMode::read_write);
  if (!fd) return fail(open_error(std::move(fd).error(), node));
  QAIC_CHECK(check_driver(fd->get(), node));
  return std::shared_ptr<Device>(new Device(node, std::move(*fd)));
}

namespace {

// A command whose answer has a status to be checked.
template <class Answer>
Result<Answer> ask_checked(const Device& device, base::Bytes body, Command answer) {
  QAIC_TRY(const auto answered, ask<Answer>(device.fd(), device.node(), body, answer));
  if (answered.reply.status == 0) return answered.reply;
  return fail(
      nnc::card_error(answered.reply.status, "card-status", device.node() + ": the card refused to answer"));
}

}  // namespace

Result<Status> Device::status() {
  uapi::Message message;
  (void)message.append(TransactionType::passthrough_from_user, nnc::encode(nnc::status_request()));
  (void)message.append(TransactionType::status_from_user, {});
  QAIC_TRY(const Reply reply, exchange(fd_.get(), message, node_));
  QAIC_TRY(const base::Bytes command, command_of(reply, node_));
  auto card = nnc::parse_status(command);
  if (!card) return fail(on_node(std::move(card).error(), node_));
  if (!reply.transaction_status || reply.transaction_status->status != 0) {
    return fail(make_error(ErrorKind::device, "transaction-status",
                           node_ + ": the card did not report its transaction protocol"));
  }
  return Status{*card, *reply.transaction_status};
}

Result<wire::nnc::ResourceInfo> Device::resources() {
  QAIC_TRY(const auto answer,
           ask_checked<wire::nnc::ResourceInfoResponse>(
               *this, nnc::encode(nnc::resource_info_request(os::process_id())), Command::resource_info_rsp));
  return answer.info;
}

Result<wire::nnc::PerformanceInfo> Device::performance() {
  QAIC_TRY(const auto answer,
           ask_checked<wire::nnc::PerformanceInfoResponse>(
               *this, nnc::encode(nnc::performance_info_request()), Command::performance_info_rsp));
  return answer.info;
}

}  // namespace qaic::core
