// A card that is broken on purpose, so that tests of its hosts can be seen to
// fail. All of it lies between the card and its host: what the card does inside
// is as ever.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "sim/device/ports.hpp"

namespace qaic::sim::device {

struct Faults {
  bool reply_crc = false;         // replies carry a wrong CRC, and the card says that it uses one
  bool data_bit = false;          // one bit of what a DMA bridge transfer brings the host is flipped
  bool protocol_version = false;  // the transaction protocol is said to be 4.0
  bool silent_handshake = false;  // the driver's STATUS transaction is not answered
  bool silent_status = false;     // a user's STATUS command is not answered
  bool silent_terminate = false;  // the end of a user is not answered

  // Of these replies to the host, what it gets.
  void spoil(std::vector<base::ByteVector>& replies) const;
};

// Host memory in which the first bit of whatever is written arrives flipped.
// Completions (4 bytes; all other writes of a card are data) arrive whole, and
// so does data that short.
class FlippingMemory final : public HostMemory {
 public:
  explicit FlippingMemory(HostMemory& memory) : memory_(memory) {}
  Result<void> read(BusAddr from, MutableBytes out) override { return memory_.read(from, out); }
  Result<void> write(BusAddr to, Bytes in) override;

 private:
  HostMemory& memory_;
};

}  // namespace qaic::sim::device
