#include <fcntl.h>
#include <sys/socket.h>

#include "tests/sim_vfio/client.hpp"

using namespace qaic;
using namespace qaic::sim::vfio;
using namespace qaic::sim::vfio::test;

namespace {
constexpr std::uint32_t kRead = kDmaReadable;
constexpr std::uint32_t kReadWrite = kDmaReadable | kDmaWritable;

struct Memory : Wire {
  Memory() { negotiate(); }
  bool read(std::uint64_t address, std::size_t size, ByteVector& out) {
    out.assign(size, std::byte{0xEE});
    return memory.read(BusAddr(address), out).has_value();
  }
  bool write(std::uint64_t address, Bytes in) { return memory.write(BusAddr(address), in).has_value(); }
};
}  // namespace

TEST_CASE("mapped memory is read and written in place") {
  Memory m;
  const os::Fd file = memory(8192);
  REQUIRE(m.map(0x10000, 4096, kReadWrite, file.get(), 4096) == 0);
  ByteVector got;
  REQUIRE(m.read(0x10005, 100, got));
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == memory_byte(4096 + 5 + i));
  REQUIRE(m.write(0x10ffe, base::as_bytes("ab")));
  char seen[2];
  REQUIRE(::pread(file.get(), seen, 2, 8190) == 2);
  CHECK(std::string_view(seen, 2) == "ab");
  CHECK_FALSE(m.write(0x10fff, base::as_bytes("ab")));  // one byte too far: none is written
  REQUIRE(::pread(file.get(), seen, 2, 8190) == 2);
  CHECK(std::string_view(seen, 2) == "ab");
  CHECK_FALSE(m.read(0xffff, 2, got));
  CHECK_FALSE(m.read(0, 1, got));
  CHECK_FALSE(m.read(UINT64_MAX, 2, got));
  CHECK(m.read(0, 0, got));
}

TEST_CASE("an access may span mappings that touch, in any order of their pages") {
  Memory m;
  const os::Fd file = memory(4 * 4096);
  // As under an IOMMU: single pages, scattered in the file.
  CHECK(m.map(0xfffff000, 4096, kReadWrite, file.get(), 0) == 0);
  CHECK(m.map(0xffffe000, 4096, kReadWrite, file.get(), 8192) == 0);
  CHECK(m.map(0xffffd000, 4096, kReadWrite, file.get(), 4096) == 0);
  CHECK(m.map(0x100000000, 4096, kReadWrite, file.get(), 12288) == 0);
  CHECK(m.memory.files() == 1);
  ByteVector got;
  REQUIRE(m.read(0xffffd800, 2 * 4096 + 1024, got));
  const std::size_t pages[] = {4096, 8192, 0};
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::size_t at = 0x800 + i;
    REQUIRE(got[i] == memory_byte(pages[at / 4096] + at % 4096));
  }
  ByteVector put(4096 * 4);
  for (std::size_t i = 0; i < put.size(); ++i) put[i] = static_cast<std::byte>(i % 251);
  REQUIRE(m.write(0xffffd000, put));
  REQUIRE(m.read(0xffffd000, put.size(), got));
  CHECK(got == put);
  std::byte first{};
  REQUIRE(::pread(file.get(), &first, 1, 12288) == 1);
  CHECK(first == static_cast<std::byte>(3 * 4096 % 251));
  CHECK(m.unmap(0xffffe000, 4096) == 0);  // a hole in the middle
  CHECK_FALSE(m.read(0xffffd800, 8192, got));
  CHECK_FALSE(m.write(0xffffd800, Bytes(put).first(8192)));
  CHECK(m.read(0xffffd800, 2048, got));
}

TEST_CASE("read-only ranges cannot be written, and ranges without a file not reached at all") {
  Memory m;
  const os::Fd file = memory(4096);
  CHECK(m.map(0x1000, 4096, kRead, file.get()) == 0);
  CHECK(m.map(0x2000, 4096, kRead) == 0);
  CHECK(m.map(0x3000, 4096, kReadWrite) == 0);
  CHECK(m.map(0x4000, 4096, 0, file.get()) == 0);
  CHECK(m.map(0x5000, 4096, kDmaWritable, file.get()) == 0);
  ByteVector got;
  CHECK(m.read(0x1000, 4096, got));
  CHECK_FALSE(m.write(0x1000, base::as_bytes("x")));
  for (const std::uint64_t address : {0x2000U, 0x3000U, 0x4000U, 0x5000U})
    CHECK_FALSE(m.read(address, 1, got));
  for (const std::uint64_t address : {0x2000U, 0x3000U, 0x4000U}) {
    CHECK_FALSE(m.write(address, base::as_bytes("x")));
  }
  CHECK(m.write(0x5000, base::as_bytes("x")));
  CHECK_FALSE(m.read(0x1fff, 2, got));
}

TEST_CASE("ranges that cannot be are refused") {
  Memory m;
  const os::Fd file = memory(8192);
  CHECK(m.map(0x1000, 0, kReadWrite, file.get()) == EINVAL);
  CHECK(m.map(UINT64_MAX - 4095, 8192, kReadWrite, file.get()) == EINVAL);
  CHECK(m.map(0x1000, 8193, kReadWrite, file.get()) == EINVAL);
  CHECK(m.map(0x1000, 4096, kReadWrite, file.get(), 4097) == EINVAL);
  CHECK(m.map(0x1000, 4096, kReadWrite, file.get(), UINT64_MAX) == EINVAL);
  CHECK(m.map(0x1000, 4096, 4, file.get()) == EINVAL);
  CHECK(m.memory.ranges() == 0);
  CHECK(m.memory.files() == 0);
  REQUIRE(m.map(0x2000, 0x2000, kReadWrite, file.get()) == 0);
  CHECK(m.map(0x2000, 0x2000, kReadWrite, file.get()) == EEXIST);
  CHECK(m.map(0x1000, 0x1001, kReadWrite, file.get()) == EEXIST);
  CHECK(m.map(0x3fff, 1, kReadWrite, file.get()) == EEXIST);
  CHECK(m.map(0x0, 0x10000, kReadWrite) == EEXIST);
  CHECK(m.map(0x4000, 1, kReadWrite, file.get()) == 0);
  CHECK(m.map(0x1000, 0x1000, kReadWrite, file.get()) == 0);
}

TEST_CASE("only files are memory, and what is open for reading cannot be written") {
  Memory m;
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  CHECK(m.map(0x1000, 4096, kRead, pipe[0]) == EINVAL);
  CHECK(m.map(0x1000, 4096, kReadWrite, pipe[1]) == EINVAL);
  ::close(pipe[0]);
  ::close(pipe[1]);
  const os::Fd zero(::open("/dev/zero", O_RDWR | O_CLOEXEC));
  CHECK(m.map(0x1000, 4096, kRead, zero.get()) == EINVAL);
  const os::Fd file = memory(4096);
  const os::Fd readable(
      ::open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(readable.valid());
  CHECK(m.map(0x1000, 4096, kReadWrite, readable.get()) == EACCES);
  CHECK(m.map(0x1000, 4096, kRead, readable.get()) == 0);
  ByteVector got;
  CHECK(m.read(0x1000, 16, got));
}

TEST_CASE("a range goes only as a whole") {
  Memory m;
  const os::Fd file = memory(8192);
  REQUIRE(m.map(0x1000, 8192, kReadWrite, file.get()) == 0);
  CHECK(m.unmap(0x1000, 4096) == EINVAL);
  CHECK(m.unmap(0x2000, 4096) == EINVAL);
  CHECK(m.unmap(0, 0x1001) == EINVAL);
  CHECK(m.unmap(0x2fff, 0x10000) == EINVAL);
  CHECK(m.unmap(0x1000, 0) == EINVAL);
  CHECK(m.unmap(0x1000, UINT64_MAX) == EINVAL);
  CHECK(m.memory.ranges() == 1);
  const Reply reply = m.ask(Command::dma_unmap, packed(DmaUnmap{24, 0, 0x1000, 8192}));
  CHECK(reply.payload == packed(DmaUnmap{24, 0, 0x1000, 8192}));
  CHECK(m.memory.ranges() == 0);
  CHECK(m.memory.files() == 0);
  ByteVector got;
  CHECK_FALSE(m.read(0x1000, 1, got));
  REQUIRE(m.map(0x1000, 4096, kReadWrite, file.get()) == 0);
  REQUIRE(m.map(0x5000, 4096, kReadWrite, file.get()) == 0);
  CHECK(m.unmap(0, 4096, kUnmapAll) == EINVAL);
  CHECK(m.unmap(0, 0, kUnmapAll) == 0);
  CHECK(m.memory.ranges() == 0);
}

TEST_CASE("one unmap takes all ranges inside of it, and one of nothing is fine") {
  Memory m;
  constexpr std::uint64_t kBase = 0x7fe00000;
  constexpr std::uint64_t kPages = 512;
  const os::Fd file = memory(kPages * 4096);
  REQUIRE(m.map(kBase - 4096, 4096, kReadWrite, file.get()) == 0);
  REQUIRE(m.map(kBase + kPages * 4096, 4096, kReadWrite, file.get()) == 0);
  for (int round = 0; round < 2; ++round) {  // as a guest's IOMMU driver does, and again at the same place
    for (std::uint64_t page = 0; page < kPages; ++page) {
      REQUIRE(m.map(kBase + page * 4096, 4096, kReadWrite, file.get(), (kPages - 1 - page) * 4096) == 0);
    }
    CHECK(m.unmap(kBase, kPages * 4096) == 0);
    CHECK(m.memory.ranges() == 2);
    ByteVector got;
    CHECK_FALSE(m.read(kBase, 1, got));
    CHECK_FALSE(m.read(kBase + kPages * 4096 - 1, 1, got));
  }
  CHECK(m.unmap(kBase, kPages * 4096) == 0);  // nothing there
  CHECK(m.unmap(0, 1ULL << 63) == 0);
  CHECK(m.memory.ranges() == 0);
  CHECK(m.memory.files() == 0);
  REQUIRE(m.map(UINT64_MAX - 8191, 4096, kReadWrite, file.get()) == 0);
  CHECK(m.unmap(1ULL << 63, 1ULL << 63) == 0);  // up to the very end
  CHECK(m.memory.ranges() == 0);
}

TEST_CASE("a file that its owner made shorter is a fault of the access, not of the server") {
  Memory m;
  const os::Fd file = memory(3 * 4096);
  REQUIRE(m.map(0x10000, 3 * 4096, kReadWrite, file.get()) == 0);
  ByteVector got;
  REQUIRE(m.read(0x10000, 3 * 4096, got));
  REQUIRE(::ftruncate(file.get(), 4096) == 0);
  CHECK_FALSE(m.read(0x10000, 3 * 4096, got));
  CHECK_FALSE(m.read(0x12000, 1, got));
  CHECK_FALSE(m.write(0x12ffc, base::as_bytes("abcd")));
  CHECK_FALSE(m.write(0x10ffe, base::as_bytes("abcd")));
  CHECK(m.read(0x10000, 4096, got));
  REQUIRE(::ftruncate(file.get(), 3 * 4096) == 0);
  CHECK(m.read(0x12000, 4, got));
  CHECK(got == ByteVector(4));
}

TEST_CASE("a file that grew is mapped again") {
  Memory m;
  const os::Fd file = memory(4096);
  REQUIRE(m.map(0x10000, 4096, kReadWrite, file.get()) == 0);
  REQUIRE(::ftruncate(file.get(), 8192) == 0);
  REQUIRE(m.map(0x11000, 4096, kReadWrite, file.get(), 4096) == 0);
  REQUIRE(m.write(0x10ffe, base::as_bytes("abcd")));
  ByteVector got;
  REQUIRE(m.read(0x11000, 2, got));
  CHECK(base::as_text(got) == "cd");
}

TEST_CASE("descriptors belong to the message that they came with") {
  Memory m;
  const os::Fd file = memory(4096);
  // Both are in the socket before either is taken out.
  m.send(message(1, Command::dma_map, 0, packed(DmaMap{32, kReadWrite, 0, 0x1000, 4096})));
  m.send(message(2, Command::dma_map, 0, packed(DmaMap{32, kReadWrite, 0, 0x2000, 4096})), {file.get()});
  m.send(message(3, Command::dma_map, 0, packed(DmaMap{32, kReadWrite, 0, 0x3000, 4096})));
  REQUIRE(m.work());
  for (int i = 0; i < 3; ++i) CHECK(m.receive()->error() == 0);
  ByteVector got;
  CHECK_FALSE(m.read(0x1000, 1, got));
  CHECK(m.read(0x2000, 1, got));
  CHECK_FALSE(m.read(0x3000, 1, got));
  CHECK(m.code(Command::dma_map, packed(DmaMap{32, kReadWrite, 0, 0x4000, 4096}), {file.get(), file.get()}) ==
        EINVAL);
}

TEST_CASE("as many ranges as were agreed on, and no more") {
  Memory m;
  GuestMemory many;
  for (std::uint64_t i = 0; i < kMaxDmaMaps; ++i) {
    REQUIRE(many.map({i * 8192, 4096, 0, true, true}, os::Fd()) == 0);
  }
  CHECK(many.map({std::uint64_t{1} << 40, 4096, 0, true, true}, os::Fd()) == ENOSPC);
}

TEST_CASE("a message that makes the card copy much is the last before others have their turn") {
  Memory m;
  const os::Fd file = memory(1U << 20);
  REQUIRE(m.map(0, 1U << 20, kReadWrite, file.get()) == 0);
  unsigned copies = 0;
  ByteVector got;
  m.endpoint.on_write = [&] {
    for (unsigned i = 0; i < copies; ++i) REQUIRE(m.read(0, 1U << 20, got));
  };
  const auto write_three = [&](unsigned copies_each) {
    copies = copies_each;
    m.endpoint.writes.clear();
    ByteVector payload = packed(RegionAccess{0, static_cast<std::uint32_t>(sim::pci::Region::bar0), 4});
    payload.resize(payload.size() + 4);
    for (std::uint16_t id = 0; id < 3; ++id)
      m.send(message(id, Command::region_write, kFlagNoReply, payload));
    REQUIRE(m.work());
    return m.endpoint.writes.size();
  };
  CHECK(write_three(1) == 3);
  CHECK(write_three(16) == 1);
  REQUIRE(m.work());
  CHECK(m.endpoint.writes.size() == 2);
  REQUIRE(m.work());
  CHECK(m.endpoint.writes.size() == 3);
}
