#include "sim/device/pace.hpp"

#include <algorithm>

namespace qaic::sim::device {

namespace dbc = wire::dbc;

namespace {
// The host names the slots, up to a thousand million of them.
constexpr std::size_t kMostHeld = 65536;
}  // namespace

Pace::Pace(const Latency& model, std::uint64_t stream, const InferenceEnd& end, std::size_t slots)
    : times_(model, stream), depth_(model.depth), end_(end), held_(std::min(slots, kMostHeld)) {}

// The elements of one buffer have one request id, and the last of them has the
// completion (kernel-interface §3.5): the inference ends with that. Where the
// host wanted none it ends with the first element of another id.
void Pace::take(const dbc::Request& element, std::chrono::nanoseconds now) {
  if (open_ && ends_seen_ == end_.times && element.req_id != last_id_) {
    open_ = false;
    --under_way_;
  }
  if (!open_) {
    open_ = true;
    ++under_way_;
    ends_seen_ = 0;
    due_ = now + times_.next();
  }
  last_id_ = element.req_id;
  outbound_ = (element.cmd & dbc::kCmdDirectionMask) == dbc::kCmdFromDevice;
  const std::uint64_t address = end_.to_device ? element.dest_addr.get() : element.src_addr.get();
  if (address == end_.address && ends_seen_ < end_.times) ++ends_seen_;
}

void Pace::hold(const dbc::Response& response) {
  const bool ends = open_ && ends_seen_ == end_.times;
  const auto due = outbound_ || ends ? due_ : std::chrono::nanoseconds{0};
  held_[(first_ + count_) % held_.size()] = {due, response, ends};
  ++count_;
  if (ends) open_ = false;
}

void Pace::pop() {
  if (held_[first_].ends) --under_way_;
  first_ = (first_ + 1) % held_.size();
  --count_;
}

}  // namespace qaic::sim::device
