// MANAGE: one message of transactions to the card, and the reply that comes
// back in the same buffer. Source: kernel-interface §1.5, §1.12.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "lib/uapi/ioctl.hpp"
#include "wire/uapi.hpp"

namespace qaic::uapi {

// One transaction inside a message; `body` is what follows its header.
struct Transaction {
  wire::uapi::TransactionType type{};
  base::Bytes body;
};

// A message under construction; after send(), its reply. 4096 bytes whatever
// is in it, because the kernel writes a reply of any size into the same memory.
class Message {
 public:
  // Appends a transaction: header and body, the driver's 8-byte rule for the
  // whole kept by the caller. False when it does not fit; nothing is appended.
  [[nodiscard]] bool append(wire::uapi::TransactionType type, base::Bytes body);

  [[nodiscard]] std::uint32_t length() const { return length_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] base::Bytes bytes() const { return base::Bytes(buffer_).first(length_); }

  // One call of the ioctl. NOT idempotent and never repeated: a request whose
  // call failed may still take effect. The thread's signals are held back
  // meanwhile, so it ends with the card's answer, a reset, or the driver's
  // timeout (60 s), never EINTR because of a handler. The reply is there after
  // success and after ECANCELED (the card refused: its reason is in there);
  // after any other error the message is empty.
  [[nodiscard]] Outcome<void> send(int fd);

  // Walks the transactions by length (never by count(), which on a reply also
  // counts transactions that the driver kept for itself).
  class Reader {
   public:
    explicit Reader(base::Bytes bytes) : rest_(bytes) {}
    enum class Step { transaction, end, malformed };
    // Step::transaction: `transaction()` is the next one.
    [[nodiscard]] Step next();
    [[nodiscard]] const Transaction& transaction() const { return transaction_; }

   private:
    base::Bytes rest_;
    Transaction transaction_;
  };
  [[nodiscard]] Reader read() const { return Reader(bytes()); }

 private:
  alignas(8) std::array<std::byte, wire::uapi::kMaxManageBytes> buffer_{};
  std::uint32_t length_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace qaic::uapi
