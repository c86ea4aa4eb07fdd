// A call that sleeps, in a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <future>

#include "conformance/copy.hpp"

namespace qaic::conformance {

// Long enough for a thread that is in its call to be asleep in the driver, and for a
// process that was started to be in one: nothing tells when they are.
inline constexpr std::chrono::milliseconds kAsleep{150};

class Background {
 public:
  // Returns when `call`, one ioctl, sleeps or has ended.
  explicit Background(std::function<int()> call);
  [[nodiscard]] bool done() const {
    return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Waits for the end of the call.
  [[nodiscard]] int result() { return result_.get(); }

 private:
  std::future<int> result_;
};

// WAIT_BO of one that never completes by itself.
[[nodiscard]] inline Background waiting(const Session& session, const Bo& bo, std::uint32_t timeout_ms) {
  return Background([&session, handle = bo.handle, timeout_ms] {
    return session.node.wait(session.channel.dbc, handle, timeout_ms);
  });
}

}  // namespace qaic::conformance
