#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

TEST_CASE("attach checks its arguments one after another") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(0x3000);
  const auto attach = [&](AttachSlice args) { return bench->ioctl(kIoctlAttachSliceBo, args); };
  bench->client->put(Bench::kEntries, slice_of(16));
  CHECK(attach({0, 0, handle, 1, 0, Bench::kEntries}) == -EINVAL);
  CHECK(attach({1, 0, handle, 0, 0, Bench::kEntries}) == -EINVAL);
  CHECK(attach({1, 0, handle, 3, 0, Bench::kEntries}) == -EINVAL);
  CHECK(attach({1, 0, handle, 1, 0, 0}) == -EINVAL);
  CHECK(attach({1, 16, handle, 1, 0, Bench::kEntries}) == -EINVAL);
  CHECK(attach({1, 0, handle, 1, 0, 8}) == -EFAULT);
  CHECK(attach({0xFFFFFFFF, 0, handle, 1, 0, Bench::kEntries}) == -ENOMEM);
  CHECK(attach({1, 0, handle + 1, 1, 0, Bench::kEntries}) == -ENOENT);
  CHECK(attach({1, 1, handle, 1, 0, Bench::kEntries}) == -EINVAL);  // channel not ours
  CHECK(attach({1, 0, handle, 1, 0xDEAD, Bench::kEntries}) == 0);   // size is ignored
  CHECK(attach({1, 0, handle, 1, 0, Bench::kEntries}) == -EINVAL);  // sliced already
  CHECK(bench->detach(handle) == 0);
  CHECK(attach({1, 0, handle, 2, 0, Bench::kEntries}) == 0);
}

TEST_CASE("a refused attach leaves the BO as it was") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(0x3000);
  auto two_gates = slice_of(16);
  two_gates.sem[0].presync = two_gates.sem[1].presync = 1;
  auto odd_doorbell = slice_of(16);
  odd_doorbell.db_len = 32;
  odd_doorbell.db_addr = 2;
  CHECK(bench->attach(handle, 0, {slice_of(16), slice_of(0x3001)}) == -EINVAL);
  CHECK(bench->attach(handle, 0, {slice_of(16), two_gates}) == -EINVAL);
  CHECK(bench->attach(handle, 0, {odd_doorbell}) == -EINVAL);
  CHECK(bench->attach(handle, 0, {slice_of(0, 0x2001)}) == -EINVAL);
  CHECK(bench->driver.mapped_ranges() == 1);  // the queue
  CHECK(bench->execute(0, {handle}) == -EINVAL);
  CHECK(bench->attach(handle, 0, {slice_of(0, 0x2000)}) == 0);
}

// kernel-interface §10, quirk 23
TEST_CASE("as many elements as the queue has attach but never run; one more is ENOSPC") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(0x3000);
  CHECK(bench->attach(handle, 0, std::vector(9, slice_of(16))) == -ENOSPC);
  CHECK(bench->attach(handle, 0, std::vector(8, slice_of(16))) == 0);
  CHECK(bench->execute(0, {handle}) == -EAGAIN);
  CHECK(bench->detach(handle) == 0);
  CHECK(bench->attach(handle, 0, std::vector(7, slice_of(16))) == 0);
  CHECK(bench->execute(0, {handle}) == 0);
}

// kernel-interface §1.6: no IOMMU here.
TEST_CASE("a BO is listed in the pieces that the page allocator gives") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 3) == 0);
  const auto handle = bench->bo(9 << 20);
  CHECK(bench->attach(handle, 0, {slice_of(9 << 20), slice_of(1)}) == -ENOSPC);
  CHECK(bench->attach(handle, 0, {slice_of(9 << 20)}) == 0);
  CHECK(bench->detach(handle) == 0);
  REQUIRE(bench->activate(1, 4) == 0);
  CHECK(bench->attach(handle, 1, {slice_of(9 << 20)}) == 0);
  CHECK(bench->execute(1, {handle}) == 0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(bench->script.element(1, i).len == (i < 2 ? 4U << 20 : 1U << 20));
    CHECK(bench->script.element(1, i).cmd == (i < 2 ? 0x09 : 0x19));
  }
}

TEST_CASE("the card reads a to-device BO, writes a from-device one, and neither after detach") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto in = bench->bo(4096);
  const auto out = bench->bo(4096);
  REQUIRE(bench->attach(in, 0, {slice_of(16)}, 1) == 0);
  REQUIRE(bench->attach(out, 0, {slice_of(16)}, 2) == 0);
  REQUIRE(bench->execute(0, {in, out}) == 0);
  const base::BusAddr from{bench->script.element(0, 0).src_addr};
  const base::BusAddr to{bench->script.element(0, 1).dest_addr};
  bench->node.pieces.at(0x1'0000'0000)[3] = std::byte{0x42};
  std::array<std::byte, 4> bytes{};
  CHECK(bench->script.memory->read(from, bytes));
  CHECK(bytes[3] == std::byte{0x42});
  CHECK_FALSE(bench->script.memory->write(from, bytes));
  CHECK(bench->script.memory->write(to, bytes));
  CHECK(bench->node.pieces.at(0x1'0000'1000)[3] == std::byte{0x42});
  bench->script.run(0);
  bench->deliver();
  CHECK(bench->detach(in) == 0);
  CHECK_FALSE(bench->script.memory->read(from, bytes));
}

TEST_CASE("detach wants an idle, sliced BO and a channel that is ours") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(4096);
  CHECK(bench->detach(handle) == -EINVAL);
  CHECK(bench->detach(handle + 1) == -ENOENT);
  DetachSlice padded{handle, 1};
  CHECK(bench->ioctl(kIoctlDetachSliceBo, padded) == -EINVAL);
  REQUIRE(bench->attach(handle, 0, {slice_of(16)}) == 0);
  REQUIRE(bench->execute(0, {handle}) == 0);
  CHECK(bench->detach(handle) == -EBUSY);
  bench->script.run(0);
  bench->deliver();
  CHECK(bench->detach(handle) == 0);
  REQUIRE(bench->attach(handle, 0, {slice_of(16)}) == 0);
  bench->script.answers.push_back([](const CardScript::Message& r) { return Reply(r.sequence()).bytes(); });
  REQUIRE(bench->manage(deactivation(0), 1) == 0);
  CHECK(bench->detach(handle) == -EINVAL);  // sliced, but the channel was given up
}

TEST_CASE("a deactivation detaches every slice of its channel and of no other") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  REQUIRE(bench->activate(1, 8) == 0);
  const auto a = bench->bo(4096);
  const auto b = bench->bo(4096);
  REQUIRE(bench->attach(a, 0, {slice_of(16)}) == 0);
  REQUIRE(bench->attach(b, 1, {slice_of(16)}) == 0);
  CHECK(bench->deactivate(0) == 0);
  CHECK(bench->detach(a) == -EINVAL);
  CHECK(bench->detach(b) == 0);
  CHECK(bench->attach(a, 1, {slice_of(16)}) == 0);
}

TEST_CASE("another file can neither slice on a channel nor run or wait on it") {
  auto bench = Bench::opened();
  OpenFile other{};
  CHECK(bench->driver.open(bench->node, other) == 0);
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(4096, other);
  CHECK(bench->attach(handle, 0, {slice_of(16)}, 1, other) == -EINVAL);
  CHECK(bench->execute(0, {handle}, other) == -EPERM);
  Wait wait{handle, 0, 0, 0};
  CHECK(bench->ioctl(other, kIoctlWaitBo, wait) == -EPERM);
}
