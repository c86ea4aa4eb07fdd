// A hostile driver on the control channel, with networks, events and time
// passing in between. Whatever it sends: at most one reply per message, no
// reply longer than 4096 bytes, and nothing is left after TERMINATE.
#include "tests/sim_device/card_control.hpp"
#include "sim/device/card.hpp"
#include "tests/fuzz/card_bytes.hpp"
#include "tests/sim_device/network_elf.hpp"

using namespace qaic::tests;
using qaic::base::Bytes;
using qaic::base::ByteVector;

namespace {

constexpr std::uint32_t kUsers = 4;
constexpr std::uint64_t kFile = HostBlock::kBase + 0x8000;

struct Attack {
  explicit Attack(World& w, const std::uint8_t* data, std::size_t size)
      : world(w), in(data, size), card(config(in), world.ports()) {
    card.boot();
  }

  static qaic::sim::device::CardConfig config(FuzzBytes& in) {
    auto out = qaic::sim::device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
    out.features = in.u8() & 0xFEU;  // with CRC nothing unsigned would get through
    return out;
  }

  void send(Bytes message) {
    card.control(message);
    ++sent;
    collect();
  }
  void collect() {
    for (const ByteVector& reply : card.take_replies()) {
      insist(reply.size() >= 32 && reply.size() <= 4096);
      insist(++received <= sent);
    }
  }
  // Transactions in a message that gets past the envelope.
  void send_framed(std::uint32_t user, std::uint32_t count, Bytes body) {
    const auto head = bytes_of_hex(message_hex(sent, user, {}));
    ByteVector message(head.begin(), head.end());
    message.insert(message.end(), body.begin(), body.end());
    const qaic::base::le32 len(static_cast<std::uint32_t>(message.size())), transactions(count);
    std::memcpy(message.data() + 12, &len, 4);
    std::memcpy(message.data() + 16, &transactions, 4);
    send(message);
  }
  // A real network with some bytes of its file changed, loaded and activated.
  void load_and_activate(std::uint32_t user) {
    static const ByteVector whole = network_elf();
    ByteVector file = whole;
    for (unsigned changes = in.u8() % 4; changes != 0; --changes) {
      file[in.u16() % file.size()] = static_cast<std::byte>(in.u8());
    }
    std::memcpy(world.host.at(kFile, file.size()).data(), file.data(), file.size());
    const std::string size = hex64(file.size());
    const auto load = bytes_of_hex(
        "04000000 68000000 03000000 64000000 00000000 00000000" + hex_text("n", 64) + size + zeros(8) +
        "06000000 28000000 64000000 01000000 00000000 00000000" + hex64(kFile) + size);
    send_framed(user, 2, load);
    const std::uint8_t elf = in.u8(), choice = in.u8();
    const std::uint8_t state = choice & 1;
    const auto reservation = [](unsigned id) { return hex32(id == 0 ? ~0U : id); };
    const auto activate =
        bytes_of_hex("04000000 38000000 09000000 00000000 00000000" + hex32(elf) + "00000000" +
                     reservation(choice >> 1 & 7) + "01000000" + reservation(choice >> 4 & 7) + hex32(state) +
                     "00000000 0000000000000000 09000000 28000000" + hex64(HostBlock::kBase) +
                     hex64(HostBlock::kBase + 0x1000) + hex32(8) + hex32(8) + hex32(1024) + hex32(0));
    send_framed(user, 2, activate);
  }
  void core_event() {
    using Event = qaic::sim::device::CoreEvent;
    Event event;
    event.kind = static_cast<Event::Kind>(in.u8() % 5);
    event.nsp = in.u8() % 3;
    event.value = in.u32();
    const auto& groups = world.cores.groups;
    event.group = groups.empty() ? 0 : groups[event.value % groups.size()]->id();
    card.core_event(event);
    collect();
  }
  // Reservations from and on each other, with figures that may fit.
  void reserve(std::uint32_t user) {
    constexpr std::uint32_t kCommands[] = {19, 22, 24, 26, 28, 30, 32, 38, 44};
    const std::uint32_t command = kCommands[in.u8() % std::size(kCommands)];
    std::string body = hex32(command);
    if (command == 22 || command == 26 || command == 30) {
      body += hex32(in.u8() % 8);
    } else {
      const std::size_t words = command == 28   ? 14
                                : command == 24 ? 10
                                : command == 19 ? 6
                                : command == 44 ? 4
                                                : 2;
      body += hex32(0);
      for (std::size_t i = 0; i < words; ++i) {
        const std::uint8_t value = in.u8();
        body += hex32(value == 0xFF ? ~0U : value % 24);
      }
    }
    send_framed(user, 1, bytes_of_hex(passthrough_hex(body)));
  }
  // What only the newer driver does: the channel of subsystem restart, and
  // what befalls the card.
  void restart() {
    using Card = qaic::sim::device::Card;
    switch (in.u8() % 5) {
      case 0:
        card.opened(Card::Stream::ssr);
        break;
      case 1:
        card.closed(Card::Stream::ssr);
        break;
      case 2:
        card.receive(Card::Stream::ssr, in.take(in.u8()));
        break;
      case 3: {  // a message that gets past its header
        const std::uint32_t command = 1U << in.u8() % 11;
        const std::uint8_t dbc = in.u8() & 1;
        const std::string tail =
            command == 4 ? zeros(4) + hex64(0x40000000U + in.u16()) + hex64(in.u16()) : hex32(in.u8() & 0x1F);
        card.receive(Card::Stream::ssr,
                     bytes_of_hex(hex32(command) + hex32(static_cast<std::uint32_t>(12 + tail.size() / 2)) +
                                  hex32(dbc) + tail));
        break;
      }
      default: {
        qaic::sim::device::RasEvent event;
        event.source = static_cast<qaic::wire::ras::Source>(in.u8() % 7);
        event.type = static_cast<qaic::wire::ras::ErrorType>(in.u8() % 3);
        insist(static_cast<bool>(card.inject(event)));
        break;
      }
    }
    for (const auto& message : card.take_outgoing()) insist(message.bytes.size() <= 65488);
    collect();
  }
  void run() {
    while (!in.empty()) {
      const std::uint8_t what = in.u8();
      const std::uint32_t user = (what >> 4) % kUsers;
      if ((what & 8) != 0) {
        if ((what & 1) != 0) {
          reserve(user);
        } else {
          restart();
        }
        continue;
      }
      switch (what & 7) {
        case 0:
          send(in.take(in.u8()));
          break;
        case 1:
        case 2: {
          const std::uint8_t count = in.u8();
          send_framed(user, count, in.take(in.u16() % 1024));
          break;
        }
        case 3: {  // one command
          const Bytes command = in.take(in.u8());
          ByteVector body = bytes_of_hex("04000000" + hex32(static_cast<std::uint32_t>(8 + command.size())));
          body.insert(body.end(), command.begin(), command.end());
          send_framed(user, 1, body);
          break;
        }
        case 4:
          core_event();
          break;
        case 5:
          world.clock.now += std::chrono::milliseconds(in.u8() * 20);
          card.tick();
          collect();
          break;
        case 6:
          card.write_dbc(qaic::base::DbcId(what >> 4), static_cast<qaic::wire::dbc::Register>(in.u8() & 12),
                         in.u8());
          break;
        default:
          load_and_activate(user);
          break;
      }
    }
    card.closed(qaic::sim::device::Card::Stream::ssr);  // nobody is left to restart with
    // The end of every user, those that raw messages invented included.
    for (std::uint32_t user = 0; user < kUsers; ++user) terminate(user);
    for (const std::string& line : card.held()) {
      const auto at = line.find("of user ");
      if (at == std::string::npos) continue;
      const auto user = static_cast<std::uint32_t>(std::stoul(line.substr(at + 8)));
      insist(user >= kUsers);
      terminate(user);
    }
    insist(card.held().empty());
    insist(world.cores.groups.empty());
  }
  void terminate(std::uint32_t user) {
    send_framed(user, 1, bytes_of_hex("11000000 10000000" + hex32(user) + "00000000"));
  }

  World& world;
  FuzzBytes in;
  qaic::sim::device::Card card;
  std::uint32_t sent = 0, received = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world(0x10000, 4U << 20);
  world.clear();
  Attack attack(world, data, size);
  attack.run();
  return 0;
}
