// The data of one load command on its way from host memory into the card,
// in one message or over several (kernel-interface §2.6).
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "sim/device/ports.hpp"
#include "sim/device/store.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

struct Transfer {
  std::uint32_t tag = 0;
  std::uint64_t total = 0;   // bytes, from the command
  std::uint64_t listed = 0;  // bytes that the host named so far
  wire::nnc::Status status = wire::nnc::Status::ok;
  MutableBytes into;   // `total` bytes of the card's DDR; empty: into `staging`
  ByteVector staging;  // a file that is looked at before it is kept; grows with what came
  Range memory;        // room that the file will take
  Pin pin;             // keeps the constants that are being filled

  [[nodiscard]] bool complete() const { return listed == total; }

  // How far a transaction has been read.
  struct Place {
    std::uint32_t segment = 0;
    std::uint64_t inside = 0;  // bytes of that segment
  };
  // Reads what a DMA_XFER_TO_DEV transaction lists, from `place` on, at most
  // `most` bytes. False: more is left of it. Refuses (status, for good) a
  // malformed one, more bytes than the command announced, and addresses that
  // the host did not map; such a transaction is done with.
  [[nodiscard]] bool pull(HostMemory& host_memory, Bytes transaction, Place& place, std::uint64_t most);

 private:
  bool read(HostMemory& host_memory, std::uint64_t from, std::uint64_t size);
  bool stage(HostMemory& host_memory, std::uint64_t from, std::uint64_t size);
};

}  // namespace qaic::sim::device
