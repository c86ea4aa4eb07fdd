// Queue memory of one activated DBC, and how elements get into its request
// FIFO. Source: kernel-interface §3.2, §3.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "sim/driver/answer.hpp"
#include "sim/driver/bus_space.hpp"
#include "sim/driver/slice.hpp"
#include "wire/dbc.hpp"

namespace qaic::sim::driver {

class RequestQueue {
 public:
  RequestQueue(std::uint32_t elements, BusSpace& bus);
  ~RequestQueue();
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  // Bytes that `elements` need, or nothing if the driver's 32-bit sum overflows.
  static std::optional<std::uint64_t> bytes_for(std::uint32_t elements);

  [[nodiscard]] std::uint32_t elements() const { return elements_; }
  [[nodiscard]] std::uint64_t bytes() const { return layout_.total; }
  [[nodiscard]] base::BusAddr requests() const { return start_; }
  [[nodiscard]] base::BusAddr responses() const {
    return base::BusAddr{start_.value + layout_.response_offset};
  }

  // Elements between the indexes, and free slots (one always stays empty).
  [[nodiscard]] std::uint32_t level(std::uint32_t head, std::uint32_t tail) const;
  [[nodiscard]] std::uint32_t available(std::uint32_t head, std::uint32_t tail) const;

  // Copies the slice's elements at `tail` and gives the new tail; EAGAIN if
  // they do not fit.
  Answer<std::uint32_t> put(const Slice& slice, std::uint16_t req_id, std::uint32_t head, std::uint32_t tail);
  // The same with only the first `bytes` of the slice transferred.
  Answer<std::uint32_t> put_first(const Slice& slice, std::uint64_t bytes, std::uint16_t req_id,
                                  std::uint32_t head, std::uint32_t tail);

  [[nodiscard]] wire::dbc::Response response(std::uint32_t index) const;
  [[nodiscard]] wire::dbc::Request request(std::uint32_t index) const;

 private:
  void store(std::uint32_t index, wire::dbc::Request request, std::uint16_t req_id);

  BusSpace& bus_;
  std::uint32_t elements_;
  wire::dbc::QueueLayout layout_;
  base::ByteVector memory_;
  base::BusAddr start_;
};

}  // namespace qaic::sim::driver
