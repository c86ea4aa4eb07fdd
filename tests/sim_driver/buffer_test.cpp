#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

TEST_CASE("CREATE_BO rounds up to pages and gives the lowest free handle from 1") {
  auto bench = Bench::opened();
  CHECK(bench->bo(1) == 1);
  CHECK(bench->bo(4097) == 2);
  CHECK(bench->bo(4096) == 3);
  CHECK(bench->node.pieces.at(0x1'0000'0000).size() == 4096);
  CHECK(bench->node.pieces.at(0x1'0000'1000).size() == 8192);
  CHECK(bench->gem_close(2) == 0);
  CHECK(bench->gem_close(1) == 0);
  CHECK(bench->bo(1) == 1);
  CHECK(bench->bo(1) == 2);
  CHECK(bench->bo(1) == 4);
}

TEST_CASE("CREATE_BO refuses a pad, nothing, and sizes that wrap or are not there") {
  auto bench = Bench::opened();
  const auto create = [&](std::uint64_t size, std::uint32_t pad) {
    CreateBo args{size, 0, pad};
    return bench->ioctl(kIoctlCreateBo, args);
  };
  CHECK(create(4096, 1) == -EINVAL);
  CHECK(create(0, 0) == -EINVAL);
  CHECK(create(~0ull, 0) == -EINVAL);
  CHECK(create(~0ull - 4095, 0) == -ENOMEM);
  CHECK(create(1ull << 41, 0) == -ENOMEM);
  CHECK(create((64ull << 20) + 1, 0) == -ENOMEM);  // more than the node has
  CHECK(bench->node.pieces.empty());
  CHECK(bench->bo(64 << 20) == 1);
}

TEST_CASE("MMAP_BO gives the offset and does not look at its pad") {
  auto bench = Bench::opened();
  const auto handle = bench->bo(8192);
  MmapBo args{handle, 123, 0};
  CHECK(bench->ioctl(kIoctlMmapBo, args) == 0);
  CHECK(args.offset == 0x1'0000'0000);
  for (const std::uint32_t bad : {0u, 2u, 0xFFFFFFFFu}) {
    MmapBo other{bad, 0, 0};
    CHECK(bench->ioctl(kIoctlMmapBo, other) == -ENOENT);
  }
}

TEST_CASE("mmap takes the exact offset, up to the size, and only one's own BO") {
  auto bench = Bench::opened();
  OpenFile other{};
  CHECK(bench->driver.open(bench->node, other) == 0);
  const auto handle = bench->bo(8192);
  constexpr std::uint64_t kAt = 0x1'0000'0000;
  const auto& driver = bench->driver;
  CHECK(driver.check_mmap(bench->file, kAt, 8192) == 0);
  CHECK(driver.check_mmap(bench->file, kAt, 4096) == 0);
  CHECK(driver.check_mmap(bench->file, kAt, 8193) == -EINVAL);
  CHECK(driver.check_mmap(bench->file, kAt, 0) == -EINVAL);
  CHECK(driver.check_mmap(bench->file, kAt + 4096, 4096) == -EINVAL);
  CHECK(driver.check_mmap(bench->file, 0, 4096) == -EINVAL);
  CHECK(driver.check_mmap(other, kAt, 4096) == -EACCES);
  CHECK(bench->gem_close(handle) == 0);
  CHECK(driver.check_mmap(bench->file, kAt, 4096) == -EINVAL);
}

TEST_CASE("GEM_CLOSE of an unknown handle is EINVAL, and a handle closes once") {
  auto bench = Bench::opened();
  const auto handle = bench->bo(4096);
  CHECK(bench->gem_close(0) == -EINVAL);
  CHECK(bench->gem_close(handle + 1) == -EINVAL);
  CHECK(bench->gem_close(handle) == 0);
  CHECK(bench->gem_close(handle) == -EINVAL);
  CHECK(bench->node.pieces.empty());
}

// kernel-interface §10, quirk 24
TEST_CASE("a sliced BO outlives its handle until its channel is released") {
  auto bench = Bench::opened();
  REQUIRE(bench->activate(0, 8) == 0);
  const auto handle = bench->bo(4096);
  REQUIRE(bench->attach(handle, 0, {slice_of(16)}) == 0);
  CHECK(bench->gem_close(handle) == 0);
  CHECK(bench->node.pieces.size() == 1);
  CHECK(bench->driver.check_mmap(bench->file, 0x1'0000'0000, 4096) == -EACCES);
  CHECK(bench->deactivate(0) == 0);
  CHECK(bench->node.pieces.empty());
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("handles of two files are apart") {
  auto bench = Bench::opened();
  OpenFile other{};
  CHECK(bench->driver.open(bench->node, other) == 0);
  CHECK(bench->bo(4096) == 1);
  CHECK(bench->bo(4096, other) == 1);
  CHECK(bench->gem_close(1) == 0);
  MmapBo args{1, 0, 0};
  CHECK(bench->ioctl(other, kIoctlMmapBo, args) == 0);
  CHECK(args.offset == 0x1'0000'1000);
}
