// A hostile host at the DMA bridge: any element, any register value, on a
// channel without a network and on one with; the latter also under a latency
// model, executed and not. Whatever it writes: registers stay inside their
// queues, and nothing is left after TERMINATE.
#include "sim/device/activations.hpp"
#include "sim/device/address_map.hpp"
#include "sim/device/card.hpp"
#include "tests/fuzz/card_bytes.hpp"
#include "tests/sim_device/card_control.hpp"
#include "tests/sim_device/network_elf.hpp"

using namespace qaic::tests;
using qaic::base::ByteVector;
using qaic::base::DbcId;
using Register = qaic::wire::dbc::Register;

namespace {

constexpr std::uint32_t kSlots = 8;
constexpr std::uint64_t kFile = HostBlock::kBase + 0x8000;

struct Attack {
  using Latency = qaic::sim::device::Latency;

  Attack(World& w, const Latency& latency, const std::uint8_t* data, std::size_t size)
      : world(w), in(data, size), card(stock(latency), world.ports()) {
    card.boot();
    const ByteVector file = network_elf();
    std::memcpy(world.host.at(kFile, file.size()).data(), file.data(), file.size());
    const std::string bytes = hex64(file.size());
    send({passthrough_hex("03000000 64000000 00000000 00000000" + hex_text("n", 64) + bytes + zeros(8)),
          "06000000 28000000 64000000 01000000 00000000 00000000" + hex64(kFile) + bytes});
    send({queue_hex(0)});
    send({passthrough_hex("09000000 00000000 00000000 01000000 00000000 ffffffff 01000000 ffffffff 01000000" +
                          zeros(12)),
          queue_hex(1)});
    insist(world.cores.groups.size() == (latency.execute ? 1U : 0U));
  }
  static qaic::sim::device::CardConfig stock(const Latency& latency) {
    auto config = qaic::sim::device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
    config.latency = latency;
    return config;
  }
  static std::uint64_t queue(unsigned dbc) { return HostBlock::kBase + dbc * 0x1000; }
  static std::string queue_hex(unsigned dbc) {
    return "09000000 28000000" + hex64(queue(dbc)) + hex64(queue(dbc) + 0x800) + hex32(kSlots) +
           hex32(kSlots) + hex32(0x1000) + hex32(0);
  }
  void send(std::initializer_list<std::string> transactions) {
    card.control(bytes_of_hex(message_hex(0, 1, transactions)));
    insist(card.take_replies().size() == 1);
  }
  // Puts addresses where something is, so that not every element is refused.
  std::uint64_t address() {
    const std::uint32_t choice = in.u32();
    switch (choice & 7) {
      case 0:
        return HostBlock::kBase + (choice >> 8 & 0xFFFF);
      case 1:
        return qaic::sim::device::kScratchBase + (choice >> 3 & 0x4FFFFFF);
      case 2:
        return qaic::sim::device::kMulticastBase + (choice >> 16 & 3) * (8U << 20) + (choice >> 3 & 0x1FFF);
      case 3:
        return qaic::sim::device::kDdrBase + (choice >> 3 & 0x4FFFFFF);
      case 4:
        return ~std::uint64_t{0} - (choice >> 3 & 0xFF);
      default:
        return choice;
    }
  }
  void write_element(unsigned dbc, std::uint32_t slot) {
    qaic::wire::dbc::Request element;
    element.req_id = in.u8();
    element.cmd = in.u8();
    element.src_addr = address();
    element.dest_addr = address();
    element.len = in.u8() < 8 ? in.u32() : in.u8();
    element.db_addr = address();
    element.db_len = in.u8();
    element.db_data = in.u8();
    for (auto& word : element.sem) word = in.u32();
    std::memcpy(world.host.at(queue(dbc) + slot * 64, 64).data(), &element, 64);
  }
  void run() {
    while (!in.empty()) {
      const std::uint8_t what = in.u8();
      const unsigned dbc = what >> 7;
      const std::uint32_t slot = (what >> 4) & 7;
      switch (what & 3) {
        case 0:
          write_element(dbc, slot);
          break;
        case 1:
          card.write_dbc(DbcId(dbc), Register::request_tail, (what & 4) != 0 ? in.u32() : slot);
          break;
        case 2:
          card.write_dbc(DbcId(dbc), Register::response_head, (what & 4) != 0 ? in.u32() : slot);
          break;
        default:
          if (!world.cores.groups.empty()) {
            using Event = qaic::sim::device::CoreEvent;
            const auto kind = (what & 4) != 0 ? Event::Kind::semaphore : static_cast<Event::Kind>(slot % 5);
            card.core_event({kind, world.cores.groups[0]->id(), 0, in.u32(), ""});
          }
          break;
      }
      if (card.next_deadline()) {
        world.clock.now += std::chrono::microseconds(what);
        card.tick();
      }
      for (unsigned channel = 0; channel < 2; ++channel) {
        insist(card.read_dbc(DbcId(channel), Register::request_head) < kSlots);
        insist(card.read_dbc(DbcId(channel), Register::response_tail) < kSlots);
      }
    }
    send({"11000000 10000000 01000000 00000000"});
    insist(card.held().empty());
    insist(world.cores.groups.empty());
  }

  World& world;
  FuzzBytes in;
  qaic::sim::device::Card card;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world(0x10000, 80U << 20);
  qaic::sim::device::Latency latency;
  const auto attack = [&] {
    world.clear();
    Attack(world, latency, data, size).run();
  };
  attack();
  latency.shape = qaic::sim::device::Latency::Shape::uniform;
  latency.second = std::chrono::microseconds(500);
  latency.depth = 2;
  attack();
  latency.execute = false;
  attack();
  return 0;
}
