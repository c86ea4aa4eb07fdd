#include "sim/driver/request_queue.hpp"

#include <doctest/doctest.h>

using namespace qaic;
using namespace qaic::sim::driver;

namespace {

// Three elements of 0x1000, 0x1000 and 0x800 bytes; marked by their addresses.
Slice three() {
  wire::uapi::AttachSliceEntry entry{};
  entry.size = 0x2800;
  entry.dev_addr = 0x5000;
  entry.db_addr = 0x40;
  entry.db_len = 32;
  return *encode_slice(entry, wire::uapi::Direction::to_device, {base::BusAddr{0x100000}, 0x3000, 0x1000});
}

}  // namespace

TEST_CASE("a queue is laid out and mapped as the driver does it") {
  BusSpace bus;
  {
    const RequestQueue queue(32, bus);
    CHECK(queue.bytes() == 4096);
    CHECK(queue.responses().value - queue.requests().value == 3968);
    CHECK(bus.mapped_ranges() == 1);
  }
  CHECK(bus.mapped_ranges() == 0);
  CHECK(RequestQueue::bytes_for(1024) == 73728);
  CHECK_FALSE(RequestQueue::bytes_for(0xFFFFFFFF));
  CHECK_FALSE(RequestQueue::bytes_for(63161283));  // 68 bytes each: 2^32 - 52
}

TEST_CASE("levels and free slots wrap; one slot stays empty") {
  BusSpace bus;
  const RequestQueue queue(8, bus);
  CHECK(queue.level(0, 0) == 0);
  CHECK(queue.available(0, 0) == 7);
  CHECK(queue.level(6, 2) == 4);
  CHECK(queue.available(6, 2) == 3);
  CHECK(queue.available(3, 2) == 0);
}

TEST_CASE("elements go in at the tail, wrap, and carry their request id") {
  BusSpace bus;
  RequestQueue queue(8, bus);
  CHECK(queue.put(three(), 0x1234, 6, 6) == 1);
  CHECK(queue.request(6).req_id == 0x1234);
  CHECK(queue.request(7).src_addr == 0x101000u);
  CHECK(queue.request(0).src_addr == 0x102000u);
  CHECK(queue.request(0).cmd == 0x19);
  CHECK(queue.put(three(), 1, 6, 3).error() == EAGAIN);  // two left
  CHECK(queue.put(three(), 1, 7, 3) == 6);               // exactly three
}

TEST_CASE("a cut slice ends in its last element at the place of the cut") {
  BusSpace bus;
  RequestQueue queue(8, bus);
  CHECK(queue.put_first(three(), 0x1800, 9, 0, 0) == 2);
  CHECK(queue.request(0).len == 0x1000u);
  CHECK(queue.request(0).cmd == 0x09);
  const auto last = queue.request(1);
  CHECK(last.len == 0x800u);
  CHECK(last.src_addr == 0x101000u);
  CHECK(last.dest_addr == 0x6000u);
  CHECK(last.cmd == 0x19);
  CHECK(last.db_len == 0x80);
  CHECK(last.req_id == 9);
  // A cut on a segment's end keeps that segment whole, as the last element.
  CHECK(queue.put_first(three(), 0x1000, 9, 0, 0) == 1);
  CHECK(queue.request(0).len == 0x1000u);
  CHECK(queue.request(0).cmd == 0x19);
}

// kernel-interface §10, quirk 3
TEST_CASE("nothing of a slice with several segments loses its completion") {
  BusSpace bus;
  RequestQueue queue(8, bus);
  CHECK(queue.put_first(three(), 0, 1, 0, 0) == 1);
  CHECK(queue.request(0).cmd == 0x08);
  CHECK(queue.request(0).len == 0u);
  CHECK(queue.request(0).db_len == 0x80);
  Slice one = three();
  one.requests.erase(one.requests.begin(), one.requests.begin() + 2);
  CHECK(queue.put_first(one, 0, 1, 0, 0) == 1);
  CHECK(queue.request(0).cmd == 0x18);
  CHECK(queue.put_first(three(), 0x1800, 9, 2, 0).error() == EAGAIN);  // one slot, needs two
}
