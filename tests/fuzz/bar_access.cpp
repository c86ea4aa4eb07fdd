// A hostile guest: any sequence of reads and writes of any width in every
// region, with memory that holds what the input says, time that passes and
// resets. Whatever it does, no register ever reads as a dead link.
#include "sim/pci/function.hpp"
#include "tests/fuzz/card_bytes.hpp"
#include "tests/support/card_ports.hpp"

using namespace qaic;
using namespace qaic::tests;
using namespace qaic::sim::pci;

namespace {

constexpr Region kRegions[] = {Region::bar0, Region::bar0, Region::bar0,  Region::bar2,
                               Region::bar2, Region::bar4, Region::config};

struct Guest {
  Guest(World& w, const std::uint8_t* data, std::size_t size)
      : world(w),
        in(data, size),
        images(&world.storage),
        bus_master(world.host, world.interrupts),
        card(sim::device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0),
             {bus_master, bus_master, world.clock, images, world.cores}),
        controller({bus_master, bus_master, world.clock, card, images},
                   (in.u8() & 1) != 0 ? sim::mhi::BootFrom::amss : sim::mhi::BootFrom::pbl),
        function({wire::pci::kAic100, (in.u8() & 1) != 0 ? Messages::msix : Messages::msi}, controller, card,
                 bus_master) {
    write(Region::config, 4, base::bytes_of(base::le16(6)));
  }

  void write(Region region, std::uint64_t offset, base::Bytes bytes) {
    // What the guest itself wrote may read back.
    const auto word = base::read_struct<base::le32>(bytes);
    wrote_ones = wrote_ones || bytes.size() > 4 || (word && word->get() == 0xFFFFFFFF);
    function.write(region, offset, bytes);
  }
  // Addresses that may hit the guest's memory.
  std::uint32_t value() {
    switch (in.u8() % 4) {
      case 0:
        return in.u32();
      case 1:
        return static_cast<std::uint32_t>(HostBlock::kBase >> 32);
      case 2:
        return in.u16() * 16U;
      default:
        return in.u8();
    }
  }
  void step() {
    const Region region = kRegions[in.u8() % std::size(kRegions)];
    const std::uint64_t size = function.region_size(region);
    std::uint64_t offset = in.u16();
    if (region == Region::bar2) offset = wire::dbc::kFirstBlock - 8 + offset;
    if (region != Region::bar2 && region != Region::bar4) offset %= size;
    switch (in.u8() % 8) {
      case 0:
      case 1:
      case 2:
        offset &= ~std::uint64_t{3};
        return write(region, offset, base::bytes_of(base::le32(value())));
      case 3: {
        offset &= ~std::uint64_t{3};
        base::ByteVector out(4);
        function.read(region, offset, out);
        const bool counter = region == Region::bar0 && (offset == 0xA28 || offset == 0xA2C);
        const bool registers = region == Region::bar0 || region == Region::bar2;
        if (registers && !counter && !wrote_ones)
          insist(base::read_struct<base::le32>(out)->get() != 0xFFFFFFFF);
        return;
      }
      case 4: {
        const base::Bytes bytes = in.take(in.u8() % 64U);
        return write(region, offset, bytes.first(std::min<std::size_t>(bytes.size(), size - offset)));
      }
      case 5: {
        base::ByteVector out(std::min<std::uint64_t>(in.u8(), size - offset));
        return function.read(region, offset, out);
      }
      case 6: {
        const base::Bytes bytes = in.take(in.u8());
        const std::uint64_t at = HostBlock::kBase + (in.u16() * 16U) % ((1U << 20) - 256);
        if (!bytes.empty()) std::memcpy(world.host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
        return;
      }
      default:
        world.clock.now += std::chrono::milliseconds(in.u8() * 4);
        if (in.u8() == 0) return function.reset();
        card.tick();
        controller.tick();
        return controller.pump();
    }
  }
  void run() {
    for (int steps = 0; !in.empty() && steps < 400; ++steps) step();
    function.reset();
    insist(card.held().empty());
  }

  World& world;
  FuzzBytes in;
  sim::mhi::ReceivedImages images;
  BusMaster bus_master;
  sim::device::Card card;
  sim::mhi::Controller controller;
  Function function;
  bool wrote_ones = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world(1U << 20, 80U << 20);
  world.clear();
  Guest(world, data, size).run();
  return 0;
}
