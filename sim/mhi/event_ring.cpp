#include "sim/mhi/event_ring.hpp"

#include "wire/pci.hpp"

namespace qaic::sim::mhi {

bool EventRing::open(std::uint64_t context) {
  close();
  posted_ = interrupt_ = false;
  const auto fields = read_host<wire::mhi::EventContext>(memory_, context);
  if (!fields) return false;
  ring_ = HostRing::make(fields->base, fields->length, fields->read, fields->write);
  context_ = context;
  vector_ = fields->vector.get() < wire::pci::kVectors ? fields->vector.get() : 0;
  return ring_.has_value();
}

bool EventRing::has_room() const {
  return ring_ && !ring_->empty() && ring_->after(ring_->read()) != ring_->write();
}

void EventRing::post(const wire::mhi::Element& event, bool interrupt) {
  if (!memory_.write(base::BusAddr(ring_->read()), base::bytes_of(event))) {
    close();
    return;
  }
  ring_->advance();
  posted_ = true;
  interrupt_ |= interrupt;
}

void EventRing::ring(std::uint64_t write) {
  if (ring_) ring_->set_write(write);
}

std::optional<unsigned> EventRing::publish() {
  const bool interrupt = interrupt_;
  const bool posted = posted_;
  posted_ = interrupt_ = false;
  if (!ring_ || !posted) return std::nullopt;
  const base::le64 read(ring_->read());
  if (!memory_.write(base::BusAddr(context_ + wire::mhi::kContextReadOffset), base::bytes_of(read))) {
    close();
    return std::nullopt;
  }
  return interrupt ? std::optional(vector_) : std::nullopt;
}

}  // namespace qaic::sim::mhi
