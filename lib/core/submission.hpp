// What a Queue asks of one set of buffers. Inference is one; the queue's tests
// script others.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "lib/uapi/ioctl.hpp"

namespace qaic::core {

// The kernel's numbers, not Errors: a full queue and a wait that took longer
// are everyday answers, and their text would have to be allocated.
class Submission {
 public:
  virtual ~Submission() = default;

  // Whether inputs are anywhere else than where the card reads them; never changes.
  [[nodiscard]] virtual bool has_to_gather() const { return false; }
  // Puts them there: once before begin(), however often that is tried. May take
  // long, so nobody's lock is held meanwhile.
  virtual void gather() {}

  // Queues all buffers. Does not sleep, or for 1 ms where one is still queued
  // from before. EAGAIN: no room; EBUSY: that one still is. Nothing was queued.
  [[nodiscard]] virtual uapi::Outcome<void> begin() = 0;
  // Sleeps until the outputs are there. ETIMEDOUT and EINTR: it is still queued
  // and may be waited for again; any other number: it will not come any more.
  // `timeout_ms` per buffer, 0 = the driver's default.
  [[nodiscard]] virtual uapi::Outcome<void> finish(std::uint32_t timeout_ms) = 0;

  // What such a number means.
  [[nodiscard]] virtual base::Error begin_error(int number) const = 0;
  [[nodiscard]] virtual base::Error finish_error(int number) const = 0;
};

}  // namespace qaic::core
