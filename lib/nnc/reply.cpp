#include "lib/nnc/reply.hpp"

#include <string>

#include "lib/nnc/status.hpp"

namespace qaic::nnc {

namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using wire::nnc::Command;

}  // namespace

base::Result<void> check_reply(base::Bytes body, Command expected, std::size_t size) {
  const auto head = base::read_struct<wire::nnc::StatusOnlyResponse>(body);
  const auto number = static_cast<std::uint32_t>(expected);
  if (!head) {
    return fail(
        make_error(ErrorKind::device, "nnc-reply",
                   "the card's reply has " + std::to_string(body.size()) + " bytes, too few for any"));
  }
  if (head->type != number) {
    return fail(make_error(ErrorKind::device, "nnc-reply",
                           "the card answered with command " + std::to_string(head->type.get()) + " where " +
                               std::to_string(number) + " was due"));
  }
  if (body.size() >= size) return {};
  // A command the firmware does not know is answered with a status alone.
  if (head->status == static_cast<std::int32_t>(wire::nnc::Status::undefined_request)) {
    return fail(card_error(head->status, "card-status",
                           "the card does not know command " + std::to_string(number - 1)));
  }
  return fail(make_error(ErrorKind::device, "nnc-reply",
                         "the card's reply to command " + std::to_string(number) + " has " +
                             std::to_string(body.size()) + " bytes, not " + std::to_string(size)));
}

base::Result<wire::nnc::StatusResponse> parse_status(base::Bytes body) {
  QAIC_TRY(const auto status, parse_reply<wire::nnc::StatusResponse>(body, Command::status_rsp));
  if (status.status != 0) {
    return fail(card_error(status.status, "card-status", "the card refused to report its status"));
  }
  if (status.format_version < wire::nnc::kStatusFormatVersion) {
    return fail(make_error(
        ErrorKind::unsupported, "status-format",
        "the card reports its status in format " + std::to_string(status.format_version) + ", older than 12",
        "update the card's firmware"));
  }
  if (status.command_major != wire::nnc::kCommandMajor ||
      status.metadata_major != wire::nnc::kMetadataMajor) {
    return fail(make_error(
        ErrorKind::unsupported, "protocol-mismatch",
        "the card's firmware speaks command protocol " + std::to_string(status.command_major.get()) + "." +
            std::to_string(status.command_minor.get()) + " and network metadata " +
            std::to_string(status.metadata_major.get()) + "." + std::to_string(status.metadata_minor.get()) +
            "; this library needs 17.x and 1.x",
        "install firmware and library versions that belong together"));
  }
  return status;
}

}  // namespace qaic::nnc
