// A wire message to the card while it is put together, and the first look at
// one that came back. Source: kernel-interface §2.1-2.3.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "wire/nnc.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::driver {

// zlib's crc32 of the message with its crc field taken as 0.
std::uint32_t message_crc(base::Bytes message);

class ControlMessage {
 public:
  // Length that the header will claim, bytes. Can exceed what is sent: a user
  // may claim more for a STATUS than its 8 bytes.
  [[nodiscard]] std::uint64_t length() const { return length_; }
  [[nodiscard]] bool fits(std::uint64_t more) const { return length_ + more <= wire::nnc::kMaxToDevice; }
  // Transfer descriptors that the message takes on the control ring.
  [[nodiscard]] std::uint32_t descriptors() const { return descriptors_; }

  // One transaction; `bytes` starts with its header.
  void add(base::Bytes bytes, std::uint64_t claimed_length, std::uint32_t descriptors = 1);

  // The finished message.
  [[nodiscard]] base::ByteVector seal(std::uint32_t sequence, base::UserHandle handle, std::int32_t partition,
                                      bool with_crc) const;

  static constexpr std::int32_t kNoPartition = -1;
  static constexpr std::uint32_t kRingDescriptors = 127;  // usable of 128

 private:
  base::ByteVector transactions_;
  std::uint64_t length_ = sizeof(wire::nnc::MessageHeader);
  std::uint32_t count_ = 0;
  std::uint32_t descriptors_ = 1;  // the header's
};

base::ByteVector status_message(std::uint32_t sequence);
base::ByteVector terminate_message(std::uint32_t sequence, base::UserHandle handle, bool with_crc);

}  // namespace qaic::sim::driver
