#include <doctest/doctest.h>

#include <cerrno>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

namespace {

int give(Bench& bench, std::uint32_t handle, std::uint32_t flags = 02000002) {
  DrmPrimeHandle args{handle, flags, -1};
  const int result = bench.ioctl(kIoctlDrmPrimeHandleToFd, args);
  return result == 0 ? args.fd : result;
}

struct Taken {
  int result = 0;
  std::uint32_t handle = 0;
};
Taken take(Bench& bench, int fd, std::optional<OpenFile> on = {}) {
  DrmPrimeHandle args{0, 0, fd};
  const int result = bench.ioctl(on.value_or(bench.file), kIoctlDrmPrimeFdToHandle, args);
  return {result, args.handle};
}

class Foreign : public DmaBuf {
 public:
  explicit Foreign(std::size_t size) : bytes(size) {}
  base::MutableBytes memory() override { return bytes; }
  std::vector<std::byte> bytes;
};

}  // namespace

TEST_CASE("PRIME is there, and refuses what the kernel refuses") {
  auto bench = Bench::opened();
  DrmGetCap cap{5, 0};
  CHECK(bench->ioctl(kIoctlDrmGetCap, cap) == 0);
  CHECK(cap.value == 3);
  CHECK(give(*bench, 99) == -ENOENT);
  CHECK(give(*bench, bench->bo(4096), 1) == -EINVAL);
  CHECK(take(*bench, -1).result == -EBADF);
  bench->client->buffers[3] = nullptr;
  CHECK(take(*bench, 3).result == -EINVAL);
  bench->client->buffers[4] = std::make_shared<Foreign>(0);
  CHECK(take(*bench, 4).result == -EINVAL);
}

TEST_CASE("a BO that was given out comes back under its handle") {
  auto bench = Bench::opened();
  const auto handle = bench->bo(4096);
  const int fd = give(*bench, handle);
  REQUIRE(fd >= 0);
  CHECK(bench->client->last_on_exec == ClientMemory::OnExec::close);
  CHECK(take(*bench, fd).handle == handle);
  const int again = give(*bench, handle, 0);
  CHECK(again != fd);
  CHECK(bench->client->last_on_exec == ClientMemory::OnExec::keep);
  CHECK(bench->client->buffers[again] == bench->client->buffers[fd]);
}

TEST_CASE("an imported BO is the exporter's memory, cannot be mapped, and goes back as it came") {
  auto bench = Bench::opened();
  OpenFile other{};
  REQUIRE(bench->driver.open(bench->node, other) == 0);
  const auto handle = bench->bo(8192);
  const int fd = give(*bench, handle);
  const auto taken = take(*bench, fd, other);
  REQUIRE(taken.result == 0);
  CHECK(take(*bench, fd, other).handle == taken.handle);
  MmapBo mmap{taken.handle, 0, 77};
  CHECK(bench->ioctl(other, kIoctlMmapBo, mmap) == 0);
  CHECK(mmap.offset == 0);
  CHECK(bench->driver.check_mmap(other, 0, 8192) == -EINVAL);
  DrmPrimeHandle back{taken.handle, 0, -1};
  REQUIRE(bench->ioctl(other, kIoctlDrmPrimeHandleToFd, back) == 0);
  CHECK(bench->client->buffers[back.fd] == bench->client->buffers[fd]);

  // The card reads from it what the exporter wrote.
  REQUIRE(bench->activate(1, 8, other) == 0);
  REQUIRE(bench->attach(taken.handle, 1, {slice_of(16, 4096)}, 1, other) == 0);
  bench->node.pieces.begin()->second[4096] = std::byte{0x5A};
  REQUIRE(bench->execute(1, {taken.handle}, other) == 0);
  std::array<std::byte, 1> byte{};
  CHECK(bench->script.memory->read(base::BusAddr{bench->script.element(1, 0).src_addr}, byte));
  CHECK(byte[0] == std::byte{0x5A});
}

TEST_CASE("a BO lives as long as a descriptor or an importer") {
  auto bench = Bench::opened();
  OpenFile other{};
  REQUIRE(bench->driver.open(bench->node, other) == 0);
  const int fd = give(*bench, bench->bo(4096));
  bench->driver.close(bench->file);
  CHECK_FALSE(bench->driver.is_open(bench->file));
  CHECK(bench->node.pieces.size() == 1);
  const auto taken = take(*bench, fd, other);
  REQUIRE(taken.result == 0);
  bench->client->buffers.clear();
  CHECK(bench->node.pieces.size() == 1);
  SUBCASE("whose handle is closed") {
    DrmGemClose gem{taken.handle, 0};
    CHECK(bench->ioctl(other, kIoctlDrmGemClose, gem) == 0);
  }
  SUBCASE("whose file is closed") {
    bench->driver.close(other);
  }
  CHECK(bench->node.pieces.empty());
}

TEST_CASE("a buffer of another device can be sliced and goes with its handle") {
  auto bench = Bench::opened();
  auto foreign = std::make_shared<Foreign>(4096);
  foreign->bytes[8] = std::byte{0x77};
  bench->client->buffers[5] = foreign;
  const auto taken = take(*bench, 5);
  REQUIRE(taken.result == 0);
  REQUIRE(bench->activate(0, 8) == 0);
  CHECK(bench->attach(taken.handle, 0, {slice_of(4097)}) == -EINVAL);
  REQUIRE(bench->attach(taken.handle, 0, {slice_of(16, 8)}) == 0);
  REQUIRE(bench->execute(0, {taken.handle}) == 0);
  std::array<std::byte, 1> byte{};
  CHECK(bench->script.memory->read(base::BusAddr{bench->script.element(0, 0).src_addr}, byte));
  CHECK(byte[0] == std::byte{0x77});
  bench->client->buffers.clear();
  CHECK(foreign.use_count() == 2);
  bench->driver.close(bench->file);
  CHECK(foreign.use_count() == 1);
}
