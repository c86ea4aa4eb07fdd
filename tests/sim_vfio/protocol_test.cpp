#include "tests/sim_vfio/client.hpp"

using namespace qaic;
using namespace qaic::sim::vfio;
using namespace qaic::sim::vfio::test;
using sim::pci::Region;

namespace {
// As QEMU 11.1 sends it.
constexpr std::string_view kQemu =
    R"({"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "max_data_xfer_size": 1048576, "write_multiple": true}})";

ByteVector access(std::uint64_t offset, Region region, std::uint32_t count, Bytes data = {}) {
  ByteVector out = packed(RegionAccess{offset, static_cast<std::uint32_t>(region), count});
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

ByteVector hex(std::string_view text) {
  ByteVector out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    while (text[i] == ' ') ++i;
    out.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}
}  // namespace

TEST_CASE("a version is agreed on, with no more descriptors per message than QEMU bears") {
  Wire wire;
  ByteVector request = packed(Version{0, 0});
  const auto text = base::as_bytes({kQemu.data(), kQemu.size()});
  request.insert(request.end(), text.begin(), text.end());
  request.push_back(std::byte{0});
  const Reply reply = wire.ask(Command::version, request);
  CHECK(reply.error() == 0);
  CHECK(reply.as<Version>().major == 0);
  CHECK(reply.as<Version>().minor == 0);
  const std::string answer(base::as_text(Bytes(reply.payload).subspan(sizeof(Version))));
  CHECK(answer.back() == '\0');
  CHECK(answer.find(R"("max_msg_fds":16)") != std::string::npos);
  CHECK(answer.find("write_multiple") == std::string::npos);
  CHECK(wire.connection->established());
}

TEST_CASE("a client may say nothing of itself") {
  Wire wire;
  wire.negotiate();
  CHECK(wire.code(Command::version, packed(Version{0, 0})) == EINVAL);  // but not twice
  CHECK(wire.work());
}

TEST_CASE("another major version is refused and the client dropped") {
  Wire wire;
  CHECK(wire.code(Command::version, packed(Version{1, 0})) == EOPNOTSUPP);
  CHECK_FALSE(wire.connection->established());
  CHECK(wire.endpoint.resets == 0);
}

TEST_CASE("whoever does not begin with a version is dropped") {
  Wire wire;
  wire.send(message(1, Command::get_info, 0, packed(DeviceInfo{16, 0, 0, 0})));
  CHECK_FALSE(wire.work());
  CHECK_FALSE(wire.receive());
}

TEST_CASE("what the function is, byte for byte") {
  Wire wire;
  wire.negotiate();
  // Layouts: the specification's tables; <linux/vfio.h>.
  CHECK(wire.ask(Command::get_info, hex("10000000 00000000 00000000 00000000")).payload ==
        hex("10000000 03000000 09000000 05000000"));
  const auto region = [&](const char* index) {
    return wire.ask(Command::get_region_info, hex("20000000 00000000" + std::string(index) +
                                                  "00000000 0000000000000000 0000000000000000"));
  };
  CHECK(region("00000000").payload ==
        hex("20000000 03000000 00000000 00000000 0010000000000000 0000000000000000"));
  CHECK(region("01000000").payload ==
        hex("20000000 00000000 01000000 00000000 0000000000000000 0000000000000000"));
  CHECK(region("02000000").payload ==
        hex("20000000 03000000 02000000 00000000 0000200000000000 0000000000000000"));
  CHECK(region("09000000").error() == EINVAL);
  CHECK(wire.ask(Command::get_irq_info, hex("10000000 00000000 01000000 00000000")).payload ==
        hex("10000000 01000000 01000000 20000000"));
  CHECK(wire.ask(Command::get_irq_info, hex("10000000 00000000 00000000 00000000")).payload ==
        hex("10000000 00000000 00000000 00000000"));
  CHECK(wire.code(Command::get_irq_info, hex("10000000 00000000 05000000 00000000")) == EINVAL);
  CHECK(wire.code(Command::get_irq_info, hex("0f000000 00000000 01000000 00000000")) == EINVAL);
}

TEST_CASE("regions are read and written at any width") {
  Wire wire;
  wire.negotiate();
  const ByteVector data = hex("0102030405060708090a");
  for (const std::uint32_t size : {1U, 2U, 3U, 4U, 8U, 10U}) {
    const Bytes part = Bytes(data).first(size);
    const Reply written = wire.ask(Command::region_write, access(0x10 + size, Region::bar2, size, part));
    CHECK(written.error() == 0);
    CHECK(written.payload == access(0x10 + size, Region::bar2, size));
    const Reply read = wire.ask(Command::region_read, access(0x10 + size, Region::bar2, size));
    CHECK(read.payload == access(0x10 + size, Region::bar2, size, part));
  }
  CHECK(wire.endpoint.writes.size() == 6);
  CHECK(wire.statistics.reads() == 6);
  CHECK(wire.statistics.writes() == 6);
  CHECK(wire.statistics.read_time(0.5));
}

TEST_CASE("an access outside its region is refused and does nothing") {
  Wire wire;
  wire.negotiate();
  const ByteVector word = hex("ffffffff");
  CHECK(wire.code(Command::region_read, access(4093, Region::bar0, 4)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(4096, Region::bar0, 1)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(UINT64_MAX, Region::bar0, 4)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(0, Region::bar1, 4)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(0, static_cast<Region>(9), 4)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(0, static_cast<Region>(UINT32_MAX), 4)) == EINVAL);
  CHECK(wire.code(Command::region_read, access(0, Region::bar2, kMaxTransfer + 1)) == EINVAL);
  CHECK(wire.code(Command::region_write, access(4093, Region::bar0, 4, word)) == EINVAL);
  CHECK(wire.code(Command::region_write, access(0, Region::bar0, 8, word)) == EINVAL);  // less data than said
  CHECK(wire.code(Command::region_write, access(0, Region::bar0, 2, word)) == EINVAL);  // more
  CHECK(wire.endpoint.reads == 0);
  CHECK(wire.endpoint.writes.empty());
  CHECK(wire.code(Command::region_read, access(0, Region::bar2, kMaxTransfer)) == 0);
  CHECK(wire.code(Command::region_read, access(4096, Region::bar0, 0)) == 0);  // nothing, at the end
}

TEST_CASE("posted writes are done in their order and never answered, not even refused ones") {
  Wire wire;
  wire.negotiate();
  for (unsigned i = 0; i < 5; ++i) {
    ByteVector word = packed(base::le32(i));
    wire.send(message(0x77, Command::region_write, kFlagNoReply, access(8, Region::bar0, 4, word)));
  }
  wire.send(message(0x78, Command::region_write, kFlagNoReply, access(8, Region::bar5, 4, hex("00000000"))));
  wire.send(message(0x79, static_cast<Command>(99), kFlagNoReply, {}));
  const Reply read = wire.ask(Command::region_read, access(8, Region::bar0, 4));
  CHECK(read.payload == access(8, Region::bar0, 4, packed(base::le32(4))));
  CHECK_FALSE(wire.receive());
  REQUIRE(wire.endpoint.writes.size() == 5);
  for (unsigned i = 0; i < 5; ++i) CHECK(wire.endpoint.writes[i].bytes == packed(base::le32(i)));
}

TEST_CASE("a reset message resets the function") {
  Wire wire;
  wire.negotiate();
  CHECK(wire.code(Command::reset, {}) == 0);
  CHECK(wire.endpoint.resets == 1);
}

TEST_CASE("what is not supported is refused, and the client stays") {
  Wire wire;
  wire.negotiate();
  for (const std::uint16_t command :
       std::initializer_list<std::uint16_t>{6, 11, 12, 14, 15, 16, 17, 18, 0, 65535}) {
    CHECK(wire.code(static_cast<Command>(command), ByteVector(64)) == EOPNOTSUPP);
  }
  CHECK(wire.work());
}

TEST_CASE("payloads that are too short are refused") {
  Wire wire;
  wire.negotiate();
  for (std::uint16_t command = 1; command <= 12; ++command) {
    for (const std::size_t size : {0U, 1U, 3U, 15U}) {
      const int error = wire.code(static_cast<Command>(command), ByteVector(size));
      CHECK((error == EINVAL || error == EOPNOTSUPP));
    }
  }
  CHECK(wire.work());
}

TEST_CASE("sizes that no message has end the connection") {
  for (const std::uint32_t size : {0U, 1U, 15U, kMaxMessage + 1, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    Wire wire;
    wire.negotiate();
    wire.send(packed(Header{1, 4, size, 0, 0}));
    CHECK_FALSE(wire.work());
    CHECK_FALSE(wire.receive());
  }
}

TEST_CASE("a reply that nobody asked for ends the connection") {
  Wire wire;
  wire.negotiate();
  wire.send(message(1, Command::dma_read, kFlagReply, ByteVector(16)));
  CHECK_FALSE(wire.work());
}

TEST_CASE("a message may arrive a byte at a time") {
  Wire wire;
  wire.negotiate();
  const ByteVector whole = message(9, Command::region_read, 0, access(0, Region::bar0, 4));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK_FALSE(wire.receive());
    wire.send(Bytes(whole).subspan(i, 1));
    REQUIRE(wire.work());
  }
  REQUIRE(wire.receive());
}

TEST_CASE("half a message and then nobody is a client that left") {
  Wire wire;
  wire.negotiate();
  wire.send(Bytes(message(9, Command::region_read, 0, access(0, Region::bar0, 4))).first(20));
  CHECK(wire.work());
  wire.hang_up();
  CHECK_FALSE(wire.work());
}

TEST_CASE("a client that does not read its replies is not listened to until it does") {
  Wire wire;
  wire.negotiate();
  const ByteVector request = message(5, Command::region_read, 0, access(0, Region::bar2, 65536));
  unsigned asked = 0;
  while (!wire.connection->must_write() && asked < 1000) {
    wire.send(request);
    ++asked;
    REQUIRE(wire.work());
  }
  REQUIRE(wire.connection->must_write());
  const unsigned reads = wire.endpoint.reads;
  for (unsigned i = 0; i < 10; ++i) wire.send(request);
  REQUIRE(wire.work());
  CHECK(wire.endpoint.reads == reads);
  unsigned answered = 0;
  for (unsigned rounds = 0; rounds < 1000 && answered < asked + 10; ++rounds) {
    while (const auto reply = wire.receive()) {
      CHECK(reply->payload.size() == sizeof(RegionAccess) + 65536);
      ++answered;
    }
    REQUIRE(wire.work());
  }
  CHECK(answered == asked + 10);
}

TEST_CASE("a client that leaves takes its memory and interrupts along, and the function starts anew") {
  Wire wire;
  wire.negotiate();
  const os::Fd file = memory(4096);
  CHECK(wire.map(0x1000, 4096, 3, file.get()) == 0);
  auto event = os::make_event();
  CHECK(wire.set_irqs(kIrqDataEventFd | kIrqActionTrigger, 1, 0, 1, {event->get()}) == 0);
  wire.hang_up();
  CHECK_FALSE(wire.work());
  wire.connection.reset();
  CHECK(wire.endpoint.resets == 1);
  CHECK(wire.memory.ranges() == 0);
  CHECK(wire.memory.files() == 0);
  wire.interrupts.raise(0);
  std::uint64_t count = 0;
  CHECK(::read(event->get(), &count, sizeof count) == -1);
}
