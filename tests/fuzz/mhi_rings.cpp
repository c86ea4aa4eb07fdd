// A hostile host on BAR 0: registers, contexts, rings and buffers, whatever it
// writes where. Whatever it does: no interrupt beyond the vectors of the
// function, and after a power-on a host that behaves gets its answers.
#include "sim/mhi/controller.hpp"
#include "tests/fuzz/card_bytes.hpp"
#include "tests/support/card_ports.hpp"
#include "wire/mhi.hpp"

using namespace qaic::tests;
using qaic::base::Bytes;
namespace mhi = qaic::wire::mhi;

namespace {

constexpr std::uint64_t kContexts = HostBlock::kBase;
constexpr std::uint64_t kEventContext = HostBlock::kBase + 0x2000;
constexpr std::uint64_t kCommandContext = HostBlock::kBase + 0x2100;
constexpr std::uint64_t kEvents = HostBlock::kBase + 0x3000;
constexpr std::uint64_t kCommands = HostBlock::kBase + 0x4000;
constexpr std::uint64_t kRings = HostBlock::kBase + 0x5000;
constexpr std::size_t kHostBytes = 0x10000;

struct Attack {
  Attack(World& w, const std::uint8_t* data, std::size_t size)
      : world(w),
        in(data, size),
        images(&world.storage),
        card(qaic::sim::device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0),
             {world.host, world.interrupts, world.clock, images, world.cores}),
        controller({world.host, world.interrupts, world.clock, card, images},
                   (in.u8() & 1) != 0 ? qaic::sim::mhi::BootFrom::amss : qaic::sim::mhi::BootFrom::pbl) {}

  template <class T>
  void store(std::uint64_t at, const T& value) {
    insist(qaic::base::write_struct(world.host.at(at, sizeof(T)), value));
  }
  void write64(std::uint32_t offset, std::uint64_t value) {
    controller.write(offset + 4, static_cast<std::uint32_t>(value >> 32));
    controller.write(offset, static_cast<std::uint32_t>(value));
  }
  void reg(mhi::Register low, std::uint64_t value) { write64(static_cast<std::uint32_t>(low), value); }
  // A session as it should be, to get at what lies behind.
  void bring_up() {
    mhi::EventContext event;
    event.base = event.read = kEvents;
    event.length = 512;
    event.write = kEvents + 496;
    store(kEventContext, event);
    mhi::CommandContext command;
    command.base = command.read = command.write = kCommands;
    command.length = 2048;
    store(kCommandContext, command);
    reg(mhi::Register::channel_contexts, kContexts);
    reg(mhi::Register::event_contexts, kEventContext);
    reg(mhi::Register::command_contexts, kCommandContext);
    controller.write(static_cast<std::uint32_t>(mhi::Register::control), 0x200);
    command_write = kCommands;
  }
  void command(std::uint8_t what, std::uint8_t channel) {
    mhi::Element element;
    element.word1 = std::uint32_t{channel} << 24 | std::uint32_t{what} << 16;
    store(command_write, element);
    command_write = command_write + 16 == kCommands + 2048 ? kCommands : command_write + 16;
    reg(mhi::Register::command_doorbell, command_write);
  }
  void start(std::uint8_t channel) {
    mhi::ChannelContext context;
    context.type = channel % 2 == 0 ? 1U : 2U;
    context.base = context.read = context.write = kRings + channel * 0x100U;
    context.length = 256;
    store(kContexts + channel * 44U, context);
    command(18, channel);
  }
  void give_room() {
    const auto context = qaic::base::read_struct<mhi::EventContext>(world.host.at(kEventContext, 44));
    const std::uint64_t read = context->read;
    write64(0x800, read == kEvents ? kEvents + 496 : read - 16);
  }

  void run() {
    while (!in.empty()) {
      const std::uint8_t what = in.u8();
      switch (what & 15) {
        case 0:
          controller.write(in.u16() % 0x1004, in.u32());
          break;
        case 1:
          (void)controller.read(in.u16() % 0x2000);  // may be what the host wrote there
          break;
        case 2: {  // anything into host memory
          const std::size_t at = in.u16() % (kHostBytes - 256);
          const Bytes bytes = in.take(in.u8());
          if (!bytes.empty()) {
            std::memcpy(world.host.at(HostBlock::kBase + at, bytes.size()).data(), bytes.data(),
                        bytes.size());
          }
          break;
        }
        case 3:
          bring_up();
          break;
        case 4:
        case 5:
          start(in.u8() % 28);
          break;
        case 6:
          command(in.u8(), in.u8());
          break;
        case 7:
        case 8: {  // a transfer element and its doorbell
          const std::uint8_t channel = in.u8() % 26, slot = in.u8() % 16;
          mhi::Element element;
          element.pointer = HostBlock::kBase + in.u16();
          element.word0 = in.u16();
          element.word1 = 0x20000U | in.u16() % 0x800U;
          const std::uint64_t ring = kRings + channel * 0x100U;
          store(ring + slot * 16U, element);
          write64(0x400 + 8U * channel, ring + (slot + 1U) % 16 * 16);
          break;
        }
        case 9:
        case 10:
          give_room();
          break;
        case 11:
          world.clock.now += std::chrono::milliseconds(in.u8() * 8);
          controller.tick();
          break;
        case 12:
          controller.pump();
          break;
        case 13:
          (what & 16) != 0 ? controller.system_error() : controller.soc_reset();
          break;
        case 14:
          controller.write(static_cast<std::uint32_t>(mhi::Register::control), 2);
          break;
        default:
          (what & 16) != 0 ? controller.crash("fuzzed") : controller.reset();
          break;
      }
      for (const unsigned vector : world.interrupts.raised) insist(vector < 32);
      world.interrupts.raised.clear();
      (void)controller.take_messages();
    }
    behave();
  }
  // After all that: power on, and an echo.
  void behave() {
    controller.reset();
    if (controller.read(static_cast<std::uint32_t>(mhi::Register::status)) != 0x101)
      return;  // in its boot ROM
    bring_up();
    start(0);
    start(1);
    mhi::Element element;
    element.pointer = HostBlock::kBase + 0x8000;
    element.word0 = 4;
    element.word1 = 0x20200;
    store(kRings + 0x100, element);
    element.pointer = HostBlock::kBase + 0x8100;
    store(kRings, element);
    store(HostBlock::kBase + 0x8000, qaic::base::le32(0));
    store(HostBlock::kBase + 0x8100, qaic::base::le32(0x600DCAFE));
    write64(0x400 + 8, kRings + 0x110);
    write64(0x400, kRings + 0x10);
    insist(*qaic::base::read_struct<qaic::base::le32>(world.host.at(HostBlock::kBase + 0x8000, 4)) ==
           0x600DCAFEU);
  }

  World& world;
  FuzzBytes in;
  qaic::sim::mhi::ReceivedImages images;
  qaic::sim::device::Card card;
  qaic::sim::mhi::Controller controller;
  std::uint64_t command_write = kCommands;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world(kHostBytes, 4U << 20);
  world.clear();
  Attack attack(world, data, size);
  attack.run();
  return 0;
}
