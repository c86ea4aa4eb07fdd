#include "sim/device/message.hpp"

#include <zlib.h>

#include <array>
#include <cstring>

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using wire::uapi::TransactionType;

// zlib's crc32 over the whole message with the crc field taken as 0.
std::uint32_t message_crc(Bytes message) {
  constexpr std::array<unsigned char, 4> zero{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  uLong crc = ::crc32(0, zero.data(), zero.size());
  crc = ::crc32(crc, bytes + zero.size(), static_cast<uInt>(message.size() - zero.size()));
  return static_cast<std::uint32_t>(crc);
}

namespace {

const char* split(Request& request) {
  Bytes rest = Bytes(request.bytes).subspan(sizeof(nnc::MessageHeader));
  for (std::uint32_t i = 0; i < request.header.count; ++i) {
    const auto header = base::read_struct<nnc::TransactionHeader>(rest);
    if (!header) return "fewer transactions than its count";
    if (header->len < sizeof(nnc::TransactionHeader) || header->len > rest.size()) {
      return "a transaction that reaches beyond its end";
    }
    request.transactions.push_back({static_cast<TransactionType>(header->type.get()),
                                    request.bytes.size() - rest.size(), header->len.get()});
    rest = rest.subspan(header->len);
  }
  return rest.empty() ? nullptr : "bytes behind its last transaction";
}

}  // namespace

ReadRequest read_request(Bytes message, Crc crc) {
  const auto header = base::read_struct<nnc::MessageHeader>(message);
  if (!header) return {std::nullopt, "shorter than its header"};
  if (header->magic != nnc::kMagic) return {std::nullopt, "wrong magic"};
  if (message.size() > nnc::kMaxToDevice) return {std::nullopt, "longer than 64 KiB"};
  if (crc == Crc::used && message_crc(message) != header->crc32) return {std::nullopt, "wrong CRC"};

  Request request;
  request.header = *header;
  if (header->len != message.size()) return {std::move(request), "a length that is not its own"};
  request.bytes.assign(message.begin(), message.end());
  if (const char* problem = split(request)) {
    request.transactions.clear();
    return {std::move(request), problem};
  }
  return {std::move(request), nullptr};
}

Reply::Reply(const nnc::MessageHeader& request) {
  nnc::MessageHeader header;
  header.magic = nnc::kMagic;
  header.sequence_number = request.sequence_number;
  header.handle = request.handle;
  header.partition_id = request.partition_id;
  base::append_struct(bytes_, header);
}

bool Reply::add(Bytes transaction) {
  if (transaction.size() > room()) return false;
  bytes_.insert(bytes_.end(), transaction.begin(), transaction.end());
  ++count_;
  return true;
}

bool Reply::add_passthrough(Bytes response) {
  nnc::TransactionHeader header;
  header.type = static_cast<std::uint32_t>(TransactionType::passthrough_from_dev);
  header.len = static_cast<std::uint32_t>(sizeof(header) + response.size());
  ByteVector transaction;
  transaction.reserve(header.len);
  base::append_struct(transaction, header);
  transaction.insert(transaction.end(), response.begin(), response.end());
  return add(transaction);
}

ByteVector Reply::finish(Crc crc) const {
  ByteVector out = bytes_;
  nnc::MessageHeader header;
  std::memcpy(&header, out.data(), sizeof(header));
  header.len = static_cast<std::uint32_t>(out.size());
  header.count = count_;
  std::memcpy(out.data(), &header, sizeof(header));
  if (crc == Crc::used) {
    header.crc32 = message_crc(out);
    std::memcpy(out.data(), &header, sizeof(header));
  }
  return out;
}

}  // namespace qaic::sim::device
