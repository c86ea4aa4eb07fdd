#include "sim/driver/control_message.hpp"

#include <array>

namespace qaic::sim::driver {

namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t c = n;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xEDB88320u : 0u);
    table[n] = c;
  }
  return table;
}();

using wire::uapi::TransactionType;

}  // namespace

std::uint32_t message_crc(base::Bytes message) {
  std::uint32_t crc = ~0u;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const std::uint32_t byte = i < 4 ? 0u : std::to_integer<std::uint32_t>(message[i]);
    crc = kCrcTable[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

void ControlMessage::add(base::Bytes bytes, std::uint64_t claimed_length, std::uint32_t descriptors) {
  transactions_.insert(transactions_.end(), bytes.begin(), bytes.end());
  length_ += claimed_length;
  descriptors_ += descriptors;
  ++count_;
}

base::ByteVector ControlMessage::seal(std::uint32_t sequence, base::UserHandle handle, std::int32_t partition,
                                      bool with_crc) const {
  wire::nnc::MessageHeader header;
  header.magic = wire::nnc::kMagic;
  header.sequence_number = sequence;
  header.len = static_cast<std::uint32_t>(length_);
  header.count = count_;
  header.handle = handle.value;
  header.partition_id = partition;
  base::ByteVector message;
  message.reserve(sizeof(header) + transactions_.size());
  base::append_struct(message, header);
  message.insert(message.end(), transactions_.begin(), transactions_.end());
  if (with_crc) {
    header.crc32 = message_crc(message);
    (void)base::write_struct(base::MutableBytes(message), header);
  }
  return message;
}

base::ByteVector status_message(std::uint32_t sequence) {
  wire::nnc::TransactionHeader status;
  status.type = static_cast<std::uint32_t>(TransactionType::status_to_dev);
  status.len = sizeof(status);
  ControlMessage message;
  message.add(base::bytes_of(status), sizeof(status));
  return message.seal(sequence, base::UserHandle{0}, ControlMessage::kNoPartition, true);
}

base::ByteVector terminate_message(std::uint32_t sequence, base::UserHandle handle, bool with_crc) {
  wire::nnc::TerminateToDev terminate;
  terminate.header.type = static_cast<std::uint32_t>(TransactionType::terminate_to_dev);
  terminate.header.len = sizeof(terminate);
  terminate.handle = handle.value;
  ControlMessage message;
  message.add(base::bytes_of(terminate), sizeof(terminate));
  return message.seal(sequence, handle, 0, with_crc);
}

}  // namespace qaic::sim::driver
