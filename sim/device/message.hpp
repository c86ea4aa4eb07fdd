// NNC wire messages as the card reads and writes them. Source:
// kernel-interface §2.1-2.5.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "wire/nnc.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::device {

using base::Bytes;
using base::ByteVector;

// A request and its transactions; `bytes` is the card's own copy.
struct Request {
  struct Transaction {
    wire::uapi::TransactionType type;
    std::size_t offset = 0;  // in bytes, header included
    std::size_t size = 0;
  };
  wire::nnc::MessageHeader header;
  ByteVector bytes;
  std::vector<Transaction> transactions;

  [[nodiscard]] Bytes transaction(std::size_t index) const {
    return Bytes(bytes).subspan(transactions[index].offset, transactions[index].size);
  }
  // The NNC command in a passthrough transaction.
  [[nodiscard]] Bytes command(std::size_t index) const {
    return transaction(index).subspan(sizeof(wire::nnc::TransactionHeader));
  }
};

enum class Crc { used, unused };

// What reading a message came to. Without a believable header (too short, wrong
// magic, wrong CRC) there is nobody to answer. With one but otherwise malformed
// (lengths or count that do not add up), `request` has no transactions and the
// answer is an empty reply: what real firmware does is not known.
struct ReadRequest {
  std::optional<Request> request;
  const char* problem = nullptr;
};
ReadRequest read_request(Bytes message, Crc crc);

// What a whole message has for a CRC.
std::uint32_t message_crc(Bytes message);

// Builds one reply of at most 4096 bytes.
class Reply {
 public:
  explicit Reply(const wire::nnc::MessageHeader& request);

  // What still fits.
  [[nodiscard]] std::size_t room() const { return wire::nnc::kMaxFromDevice - bytes_.size(); }
  // False, and nothing added, if the reply would become too long.
  bool add(Bytes transaction);
  bool add_passthrough(Bytes response);
  [[nodiscard]] ByteVector finish(Crc crc) const;

 private:
  ByteVector bytes_;
  std::uint32_t count_ = 0;
};

}  // namespace qaic::sim::device
