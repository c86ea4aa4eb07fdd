// Gives the inferences on one channel the time that the latency model says.
//
// An inference begins when the card takes its first element. Its elements are
// served as ever; only the completions of what it brings the host are kept back
// until its time is over. All completions stay in order, so a slow inference
// holds back those behind it. Many can be under way at once, as in a pipeline:
// the time is that of one inference, not of the work that the card can do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/device/latency.hpp"
#include "wire/dbc.hpp"

namespace qaic::sim::device {

// By what the last request of an inference is known: its address on the card.
struct InferenceEnd {
  bool to_device = false;
  std::uint64_t address = 0;
  unsigned times = 1;  // requests of one inference with that address
};

class Pace {
 public:
  // At most `slots` completions are kept back, and no more than 65536.
  Pace(const Latency& model, std::uint64_t stream, const InferenceEnd& end, std::size_t slots);

  // May the card take an element now? Not the first one of an inference while
  // as many as the model allows are under way.
  [[nodiscard]] bool may_take() const { return open_ || depth_ == 0 || under_way_ < depth_; }
  // The card takes this element.
  void take(const wire::dbc::Request& element, std::chrono::nanoseconds now);

  [[nodiscard]] bool full() const { return count_ == held_.size(); }
  // The element that was taken last is done, and this is its completion. Not
  // when full().
  void hold(const wire::dbc::Response& response);

  // The oldest completion kept back, and when it may go.
  struct Held {
    std::chrono::nanoseconds due{0};
    wire::dbc::Response response;
    bool ends = false;  // an inference
  };
  [[nodiscard]] const Held* front() const { return count_ == 0 ? nullptr : &held_[first_]; }
  void pop();

 private:
  LatencyTimes times_;
  unsigned depth_;
  InferenceEnd end_;
  std::vector<Held> held_;  // a ring
  std::size_t first_ = 0;
  std::size_t count_ = 0;

  bool open_ = false;                // an inference of which the last element was not seen yet
  unsigned under_way_ = 0;           // with the open one
  unsigned ends_seen_ = 0;           // of this inference
  std::uint16_t last_id_ = 0;        // request id of the element taken last
  bool outbound_ = false;            // it belongs to what is brought to the host
  std::chrono::nanoseconds due_{0};  // of the open inference
};

}  // namespace qaic::sim::device
