#include "sim/pci/function.hpp"

#include <doctest/doctest.h>

#include "tests/support/card_ports.hpp"

using namespace qaic;
using namespace qaic::sim;
using namespace qaic::sim::pci;

namespace {

struct Rig {
  explicit Rig(Messages messages = Messages::msi, mhi::BootFrom from = mhi::BootFrom::amss)
      : images(&world.storage),
        bus_master(world.host, world.interrupts),
        card(device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0),
             {bus_master, bus_master, world.clock, images, world.cores}),
        controller({bus_master, bus_master, world.clock, card, images}, from),
        function({wire::pci::kAic100, messages}, controller, card, bus_master) {}

  base::ByteVector read(Region region, std::uint64_t offset, std::size_t size) {
    base::ByteVector out(size);
    function.read(region, offset, out);
    return out;
  }
  template <class T>
  T get(Region region, std::uint64_t offset) {
    return base::read_struct<base::Le<T>>(read(region, offset, sizeof(T)))->get();
  }
  template <class T>
  void put(Region region, std::uint64_t offset, T value) {
    function.write(region, offset, base::bytes_of(base::Le<T>(value)));
  }
  void command(std::uint16_t value) { put<std::uint16_t>(Region::config, 0x04, value); }

  tests::World world;
  mhi::ReceivedImages images;
  BusMaster bus_master;
  device::Card card;
  mhi::Controller controller;
  Function function;
};

constexpr std::uint64_t kControl = 0x38;
constexpr std::uint64_t kCcabapLow = 0x58;
constexpr std::uint64_t kQtimer = 0xA28;

}  // namespace

TEST_CASE("regions and interrupts are those of the card") {
  const Rig msi;
  const std::uint64_t sizes[9] = {4096, 0, 2 << 20, 0, 65536, 0, 0, 4096, 0};
  for (std::uint32_t i = 0; i < 9; ++i) CHECK(msi.function.region_size(static_cast<Region>(i)) == sizes[i]);
  CHECK(msi.function.interrupt_count(InterruptKind::intx) == 0);
  CHECK(msi.function.interrupt_count(InterruptKind::msi) == 32);
  CHECK(msi.function.interrupt_count(InterruptKind::msix) == 0);
  CHECK(msi.function.interrupt_count(InterruptKind::error) == 1);
  CHECK(msi.function.interrupt_count(InterruptKind::request) == 0);
  const Rig msix(Messages::msix);
  CHECK(msix.function.interrupt_count(InterruptKind::msi) == 0);
  CHECK(msix.function.interrupt_count(InterruptKind::msix) == 32);
}

TEST_CASE("BAR 0 is the MHI controller, word by word") {
  Rig rig;
  const std::uint32_t bhi = rig.get<std::uint32_t>(Region::bar0, 0x28);
  CHECK(rig.get<std::uint32_t>(Region::bar0, bhi + 0x28) == 2);  // EXECENV: AMSS
  rig.put<std::uint32_t>(Region::bar0, kCcabapLow, 0x12345678);
  CHECK(rig.get<std::uint32_t>(Region::bar0, kCcabapLow) == 0x12345678);
  CHECK(rig.get<std::uint16_t>(Region::bar0, kCcabapLow + 1) == 0x3456);
  rig.put<std::uint16_t>(Region::bar0, kCcabapLow, 0xFFFF);  // no whole word
  rig.put<std::uint8_t>(Region::bar0, kCcabapLow + 3, 0xFF);
  CHECK(rig.get<std::uint32_t>(Region::bar0, kCcabapLow) == 0x12345678);
  rig.put<std::uint64_t>(Region::bar0, kCcabapLow, 0x0000000A'0000000BU);
  CHECK(rig.get<std::uint64_t>(Region::bar0, kCcabapLow) == 0x0000000A'0000000BU);
}

TEST_CASE("the counter reads as 64 bits in one access and runs at 19.2 MHz") {
  Rig rig;
  const auto before = rig.get<std::uint64_t>(Region::bar0, kQtimer);
  rig.world.clock.now += std::chrono::seconds(1000);  // beyond 32 bits
  CHECK(rig.get<std::uint64_t>(Region::bar0, kQtimer) - before == 19'200'000'000ULL);
}

TEST_CASE("BAR 2 holds the registers of sixteen channels and is empty around them") {
  Rig rig;
  for (std::uint64_t offset = 0; offset < (2U << 20); offset += 4) {
    REQUIRE(rig.get<std::uint32_t>(Region::bar2, offset) != 0xFFFFFFFF);
  }
  rig.put<std::uint32_t>(Region::bar2, 0x1FFFC, 7);
  rig.put<std::uint32_t>(Region::bar2, 0x30004, 7);  // a seventeenth channel
  rig.put<std::uint32_t>(Region::bar2, 0x20010, 7);
  CHECK(rig.get<std::uint32_t>(Region::bar2, 0x1FFFC) == 0);
  CHECK(rig.get<std::uint32_t>(Region::bar2, 0x30004) == 0);
  CHECK(rig.get<std::uint32_t>(Region::bar2, 0x20010) == 0);
  CHECK(rig.read(Region::bar2, 0x2000E, 7) == base::ByteVector(7));
}

TEST_CASE("without bus mastering the card reaches nothing and interrupts nobody") {
  Rig rig;
  base::ByteVector byte(1);
  const base::BusAddr inside(tests::HostBlock::kBase);
  CHECK_FALSE(rig.bus_master.read(inside, byte));
  CHECK_FALSE(rig.bus_master.write(inside, byte));
  rig.bus_master.raise(0);
  CHECK(rig.world.interrupts.raised.empty());
  CHECK(rig.world.host.reads + rig.world.host.writes == 0);
  rig.command(0x0006);
  CHECK(rig.bus_master.read(inside, byte));
  CHECK(rig.bus_master.write(inside, byte));
  rig.bus_master.raise(3);
  CHECK(rig.world.interrupts.raised == std::vector<unsigned>{3});
  rig.command(0x0002);
  CHECK_FALSE(rig.bus_master.read(inside, byte));
}

TEST_CASE("every reset takes the function back to power-on, and its rights with it") {
  enum class Kind { message, flr, power };
  for (const Kind kind : {Kind::message, Kind::flr, Kind::power}) {
    Rig rig;
    rig.command(0x0006);
    rig.put<std::uint32_t>(Region::bar0, kCcabapLow, 0x1000);
    rig.put<std::uint32_t>(Region::bar4, 0, 0x55);
    CHECK(rig.get<std::uint32_t>(Region::bar0, kCcabapLow) == 0x1000);
    switch (kind) {
      case Kind::message:
        rig.function.reset();
        break;
      case Kind::flr:
        rig.put<std::uint16_t>(Region::config, 0x78, 0xA810);
        break;
      case Kind::power:
        rig.put<std::uint16_t>(Region::config, 0x44, 3);
        rig.put<std::uint16_t>(Region::config, 0x44, 0);
        break;
    }
    CHECK(rig.get<std::uint32_t>(Region::bar0, kCcabapLow) == 0);
    CHECK(rig.get<std::uint32_t>(Region::bar0, kControl) == 0);
    CHECK(rig.get<std::uint32_t>(Region::bar4, 0) == 0);
    CHECK(rig.get<std::uint16_t>(Region::config, 0x04) == 0);
    base::ByteVector byte(1);
    CHECK_FALSE(rig.bus_master.read(base::BusAddr(tests::HostBlock::kBase), byte));
  }
}

TEST_CASE("BAR 4 is memory, for the table of MSI-X") {
  Rig rig(Messages::msix);
  rig.put<std::uint64_t>(Region::bar4, 0x101, 0x1122334455667788U);
  CHECK(rig.get<std::uint64_t>(Region::bar4, 0x101) == 0x1122334455667788U);
  CHECK(rig.get<std::uint8_t>(Region::bar4, 0xFFFF) == 0);
}
