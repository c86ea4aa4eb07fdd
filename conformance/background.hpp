// A call that sleeps, in a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "conformance/copy.hpp"

namespace qaic::conformance {

// Long enough for a thread or a process that was started to be asleep in its
// call: nothing tells when it is.
inline constexpr std::chrono::milliseconds kAsleep{150};

class Background {
 public:
  explicit Background(std::function<int()> call) : result_(std::async(std::launch::async, std::move(call))) {
    std::this_thread::sleep_for(kAsleep);
  }
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
