#include "sim/driver/request_queue.hpp"

#include "base/checked.hpp"

namespace qaic::sim::driver {

using wire::dbc::Request;
using wire::dbc::Response;

RequestQueue::RequestQueue(std::uint32_t elements, BusSpace& bus)
    : bus_(bus),
      elements_(elements),
      layout_(wire::dbc::queue_layout(elements)),
      memory_(static_cast<std::size_t>(layout_.total)),
      start_(bus.map(memory_, BusSpace::Access::read_write)) {}

RequestQueue::~RequestQueue() {
  bus_.unmap(start_);
}

std::optional<std::uint64_t> RequestQueue::bytes_for(std::uint32_t elements) {
  constexpr auto kSlot = static_cast<std::uint32_t>(sizeof(Request) + sizeof(Response));
  const auto slots = base::checked_multiply<std::uint32_t>(elements, kSlot);
  // Gap between the FIFOs and page rounding.
  if (!slots || !base::checked_add<std::uint32_t>(*slots, 256 + 4096)) return std::nullopt;
  return wire::dbc::queue_layout(elements).total;
}

std::uint32_t RequestQueue::level(std::uint32_t head, std::uint32_t tail) const {
  return head <= tail ? tail - head : elements_ - (head - tail);
}

std::uint32_t RequestQueue::available(std::uint32_t head, std::uint32_t tail) const {
  return elements_ - 1 - level(head, tail);
}

void RequestQueue::store(std::uint32_t index, Request request, std::uint16_t req_id) {
  request.req_id = req_id;
  (void)base::write_struct(base::MutableBytes(memory_), request, std::size_t{index} * sizeof(Request));
}

Answer<std::uint32_t> RequestQueue::put(const Slice& slice, std::uint16_t req_id, std::uint32_t head,
                                        std::uint32_t tail) {
  if (available(head, tail) < slice.requests.size()) return refuse(EAGAIN);
  for (const Request& request : slice.requests) {
    store(tail, request, req_id);
    tail = (tail + 1) % elements_;
  }
  return tail;
}

Answer<std::uint32_t> RequestQueue::put_first(const Slice& slice, std::uint64_t bytes, std::uint16_t req_id,
                                              std::uint32_t head, std::uint32_t tail) {
  // Full pieces go as they are; the last element of the slice, with its
  // doorbell and semaphores, takes the place of the piece that is cut.
  std::uint32_t full = 0;
  while (full < slice.requests.size() && bytes > slice.requests[full].len) {
    bytes -= slice.requests[full].len;
    ++full;
  }
  if (available(head, tail) < full + 1) return refuse(EAGAIN);
  for (std::uint32_t i = 0; i < full; ++i) {
    store(tail, slice.requests[i], req_id);
    tail = (tail + 1) % elements_;
  }
  Request last = slice.requests.back();
  last.len = static_cast<std::uint32_t>(bytes);
  last.src_addr = slice.requests[full].src_addr;
  last.dest_addr = slice.requests[full].dest_addr;
  // As in the driver, the command of the piece that is cut: with more than one
  // piece the completion is lost (kernel-interface §10, 3).
  if (bytes == 0) {
    last.cmd = static_cast<std::uint8_t>(slice.requests[full].cmd & ~wire::dbc::kCmdDirectionMask);
  }
  store(tail, last, req_id);
  return (tail + 1) % elements_;
}

Response RequestQueue::response(std::uint32_t index) const {
  const auto at = static_cast<std::size_t>(layout_.response_offset) + std::size_t{index} * sizeof(Response);
  return base::read_struct<Response>(memory_, at).value_or(Response{});
}

Request RequestQueue::request(std::uint32_t index) const {
  return base::read_struct<Request>(memory_, std::size_t{index} * sizeof(Request)).value_or(Request{});
}

}  // namespace qaic::sim::driver
