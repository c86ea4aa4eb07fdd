// The second-stage boot loader (SBL): takes the firmware over Sahara, writes a
// boot log, asks the host for the time, and says when the card may go on.
// Source: kernel-interface §4.6 steps 8-11, §5, §6.3, §6.4.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/mhi/memory_dump.hpp"
#include "sim/mhi/received_images.hpp"
#include "sim/mhi/sahara.hpp"

namespace qaic::sim::mhi {

// One message for the host; `pair` is the even number of its channels.
struct Outgoing {
  unsigned pair = 0;
  base::ByteVector bytes;
};

class SecondStage {
 public:
  using Time = std::chrono::nanoseconds;  // of Clock::monotonic

  SecondStage(ReceivedImages& images, std::optional<MemoryDump> dump, Time now);

  void receive(unsigned pair, base::Bytes message);
  [[nodiscard]] std::vector<Outgoing> take_outgoing();

  // All firmware is here.
  [[nodiscard]] bool loaded() const { return sahara_.complete(); }
  // What the host said the time is (UTC).
  [[nodiscard]] std::optional<std::chrono::microseconds> host_time() const { return host_time_; }

  [[nodiscard]] std::optional<Time> next_deadline() const;
  void tick(Time now);

 private:
  void say(std::string_view line);

  Sahara sahara_;
  Time started_;
  std::optional<std::chrono::microseconds> host_time_;
  std::vector<Outgoing> outgoing_;
};

}  // namespace qaic::sim::mhi
