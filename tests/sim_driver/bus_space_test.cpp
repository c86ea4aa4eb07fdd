#include "sim/driver/bus_space.hpp"

#include <doctest/doctest.h>

#include "sim/driver/mmap_offsets.hpp"
#include "sim/driver/state.hpp"
#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using test::ClientArray;

TEST_CASE("the card reaches mapped memory at any offset and nothing beside it") {
  BusSpace bus;
  base::ByteVector memory(5000, std::byte{7});
  const auto start = bus.map(memory, BusSpace::Access::read_write);
  CHECK(start.value % 4096 == 0);
  std::array<std::byte, 3> out{};
  CHECK(bus.read(base::BusAddr{start.value + 4997}, out));
  CHECK(out[2] == std::byte{7});
  CHECK_FALSE(bus.read(base::BusAddr{start.value + 4998}, out));
  CHECK_FALSE(bus.read(base::BusAddr{start.value - 1}, out));
  CHECK_FALSE(bus.read(base::BusAddr{~0ull}, out));
  const std::array<std::byte, 2> in{std::byte{1}, std::byte{2}};
  CHECK(bus.write(base::BusAddr{start.value + 10}, in));
  CHECK(memory[11] == std::byte{2});
}

TEST_CASE("a mapping allows the card one direction") {
  BusSpace bus;
  base::ByteVector memory(4096);
  std::array<std::byte, 4> bytes{};
  const auto to_device = bus.map(memory, BusSpace::Access::read);
  const auto from_device = bus.map(memory, BusSpace::Access::write);
  CHECK(bus.read(to_device, bytes));
  CHECK_FALSE(bus.write(to_device, bytes));
  CHECK(bus.write(from_device, bytes));
  CHECK_FALSE(bus.read(from_device, bytes));
}

TEST_CASE("what was unmapped is a fault and its neighbours stay") {
  BusSpace bus;
  std::array<base::ByteVector, 3> memory;
  std::array<base::BusAddr, 3> at;
  for (std::size_t i = 0; i < 3; ++i) {
    memory[i].assign(4096, static_cast<std::byte>(i));
    at[i] = bus.map(memory[i], BusSpace::Access::read_write);
  }
  std::array<std::byte, 1> out{};
  CHECK(bus.read(at[2], out));  // the last hit must not survive what follows
  bus.unmap(at[1]);
  CHECK_FALSE(bus.read(at[1], out));
  CHECK(bus.read(at[0], out));
  CHECK(out[0] == std::byte{0});
  CHECK(bus.read(at[2], out));
  CHECK(out[0] == std::byte{2});
  CHECK(bus.mapped_ranges() == 2);
}

TEST_CASE("client memory is read through the client and never written") {
  BusSpace bus;
  auto client = std::make_shared<ClientArray>();
  client->put(ClientArray::kStart + 100, std::uint32_t{0xCAFE});
  const auto at = bus.map_client(client, ClientArray::kStart + 100, 4);
  CHECK(at.value % 4096 == 100);
  std::array<std::byte, 4> out{};
  CHECK(bus.read(at, out));
  CHECK(out[0] == std::byte{0xFE});
  CHECK_FALSE(bus.write(at, out));
  const auto bad = bus.map_client(client, 0, 4);
  CHECK_FALSE(bus.read(bad, out));
}

TEST_CASE("mmap offsets start at page 0x100000 and fill the smallest hole") {
  MmapOffsets offsets;
  Bo bo;
  CHECK(offsets.allocate(3 * 4096, bo) == 0x1'0000'0000);
  CHECK(offsets.allocate(4096, bo) == 0x1'0000'3000);
  CHECK(offsets.allocate(2 * 4096, bo) == 0x1'0000'4000);
  CHECK(offsets.allocate(4096, bo) == 0x1'0000'6000);
  offsets.release(0x1'0000'0000);
  offsets.release(0x1'0000'4000);
  CHECK(offsets.allocate(4096, bo) == 0x1'0000'4000);
  CHECK(offsets.find(0x1'0000'4000) == &bo);
  CHECK(offsets.find(0x1'0000'4001) == nullptr);
  CHECK(offsets.find(0x1'0000'0000) == nullptr);
  offsets.release(0x1'0000'3000);  // joins the hole before it
  CHECK(offsets.allocate(4 * 4096, bo) == 0x1'0000'0000);
  CHECK_FALSE(offsets.allocate(MmapOffsets::kSize, bo));
}

TEST_CASE("user handles are the first free from 0") {
  UserHandles users;
  CHECK(users.take().value == 0);
  CHECK(users.take().value == 1);
  CHECK(users.take().value == 2);
  users.give_back(base::UserHandle{1});
  CHECK(users.take().value == 1);
  CHECK(users.take().value == 3);
}
