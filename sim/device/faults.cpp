#include "sim/device/faults.hpp"

#include <cstring>

#include "sim/device/message.hpp"
#include "wire/dbc.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using wire::uapi::TransactionType;

namespace {

constexpr std::uint16_t kOtherMajor = 4;

bool is(TransactionType type, const nnc::TransactionHeader& header) {
  return header.type == static_cast<std::uint32_t>(type);
}

bool is_status_response(const nnc::TransactionHeader& header, Bytes transaction) {
  const auto number = base::read_struct<base::le32>(transaction.subspan(sizeof(header)));
  return is(TransactionType::passthrough_from_dev, header) && number &&
         *number == static_cast<std::uint32_t>(nnc::Command::status_rsp);
}

void put_header(ByteVector& reply, const nnc::MessageHeader& header) {
  std::memcpy(reply.data(), &header, sizeof(header));
}

// True when the host gets the reply.
bool spoil_one(const Faults& faults, ByteVector& reply) {
  auto header = *base::read_struct<nnc::MessageHeader>(reply);
  const bool sealed = header.crc32 != 0;
  std::size_t at = sizeof(header);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const Bytes transaction = Bytes(reply).subspan(at);
    const auto head = *base::read_struct<nnc::TransactionHeader>(transaction);
    if (faults.silent_terminate && is(TransactionType::terminate_from_dev, head)) return false;
    if (faults.silent_handshake && is(TransactionType::status_from_dev, head)) return false;
    if (faults.silent_status && is_status_response(head, transaction)) return false;
    if (faults.protocol_version && is(TransactionType::status_from_dev, head)) {
      auto status = *base::read_struct<nnc::StatusFromDev>(transaction);
      status.major = kOtherMajor;
      std::memcpy(reply.data() + at, &status, sizeof(status));
    }
    at += head.len;
  }
  if (sealed) header.crc32 = message_crc(reply);
  if (faults.reply_crc) header.crc32 = ~header.crc32.get();
  put_header(reply, header);
  return true;
}

}  // namespace

void Faults::spoil(std::vector<ByteVector>& replies) const {
  std::erase_if(replies, [this](ByteVector& reply) { return !spoil_one(*this, reply); });
}

Result<void> FlippingMemory::write(BusAddr to, Bytes in) {
  if (in.size() <= sizeof(wire::dbc::Response)) return memory_.write(to, in);
  ByteVector flipped(in.begin(), in.end());
  flipped[0] ^= std::byte{1};
  return memory_.write(to, flipped);
}

}  // namespace qaic::sim::device
