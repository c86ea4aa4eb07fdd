// From the boot ROM to AMSS: BHI, Sahara, boot log, time, and a dump after a
// crash. kernel-interface §4.6, §5, §6.3, §6.4.
#include <map>

#include "tests/sim_device/card_control.hpp"
#include "tests/sim_mhi/scripted_host.hpp"
#include "wire/sahara.hpp"

using namespace qaic::tests;
using qaic::base::Bytes;
using qaic::base::ByteVector;
using qaic::sim::mhi::BootFrom;

namespace {

// A 64-bit ELF file of two segments: the hash segment and one with `text`.
ByteVector image(const std::string& text, std::size_t padding = 0, unsigned machine = 183) {
  const std::size_t size = text.size() + padding;
  std::string hex = "7f454c46 020101 000000000000000000 0200" + hex32(machine).substr(0, 4) +
                    "01000000 0000000000000000 4000000000000000 0000000000000000 00000000"
                    "4000 3800 0200 0000 0000 0000";
  hex += "00000000 00002002" + hex64(0xB0) + zeros(16) + hex64(16) + hex64(16) + hex64(4096);
  hex += "01000000 05000000" + hex64(0xC0) + zeros(16) + hex64(size) + hex64(size) + hex64(4096);
  hex += zeros(16) + hex_of(qaic::base::as_bytes(text)) + zeros(padding);
  return bytes_of_hex(hex);
}

struct BootHost : ScriptedHost {
  BootHost() : ScriptedHost(BootFrom::pbl) {
    files["sbl.bin"] = image("QC_IMAGE_VERSION_STRING=SBL.AIC.9.8.7.6 ");
    files["fw1.bin"] = image("QSM.AIC.9.8.1.2 ", 1000);
    files["fw2.bin"] = image("QC_IMAGE_VERSION_STRING=NSP.AIC.9.8.3.4 ", 0x80000 + 12345, 164);
    files["fw5.bin"] = image("five");
    files["fw9.bin"] = image("nine");
    files["fw10.bin"] = image("ten");
  }

  // ---- BHI ----
  std::uint32_t load_sbl(Bytes bytes) {
    const std::uint64_t at = place_image(bytes);
    write(qaic::wire::bhi::Register::status, 0);
    write(qaic::wire::bhi::Register::image_address_high, static_cast<std::uint32_t>(at >> 32));
    write(qaic::wire::bhi::Register::image_address_low, static_cast<std::uint32_t>(at));
    write(qaic::wire::bhi::Register::image_size, static_cast<std::uint32_t>(bytes.size()));
    write(qaic::wire::bhi::Register::image_doorbell, 0x1234567);
    return read(qaic::wire::bhi::Register::status) >> 30;
  }
  std::uint64_t place_image(Bytes bytes) {
    const std::uint64_t at = HostBlock::kBase + (4U << 20);
    if (!bytes.empty()) std::memcpy(world.host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
    return at;
  }
  // To the second-stage loader, with all of its channels.
  void to_sbl() {
    REQUIRE(load_sbl(files["sbl.bin"]) == 2);
    bring_up();
    poll();
    start_pair(channel::kSahara);
    start_pair(channel::kLogging);
    start_pair(channel::kTimesync);
    for (unsigned i = 0; i < 16; ++i) give_buffer(13, 512);
    give_buffer(21, 8);
    give_buffer(3, 65535);
  }

  // ---- the driver's side of Sahara ----
  static std::uint32_t word(Bytes packet, std::size_t at) {
    return *qaic::base::read_struct<qaic::base::le32>(packet, at);
  }
  static std::string file_of(std::uint32_t id) { return "fw" + std::to_string(id) + ".bin"; }
  void answer(Bytes packet) {
    trace.push_back(hex_of(packet.first(std::min<std::size_t>(packet.size(), 16))));
    if (packet.size() < 8 || word(packet, 4) != packet.size()) return;
    switch (word(packet, 0)) {
      case 1:
        CHECK(packet.size() == 0x30);
        CHECK(word(packet, 8) == 2);
        if (word(packet, 20) == 2 && !knows_dumps) return;
        send(2, bytes_of_hex("02000000 30000000 02000000 02000000 00000000" + hex32(word(packet, 20)) +
                             std::string(48, 'f')));
        return;
      case 3: {
        const std::string name = file_of(word(packet, 8));
        const auto found = files.find(name);
        const std::uint64_t offset = word(packet, 12), size = word(packet, 16);
        CHECK(size <= 0x80000);
        CHECK(size != 8);
        if (found == files.end() || offset + size > found->second.size()) {
          send(2, bytes_of_hex("07000000 08000000"));
          return;
        }
        asked.push_back(name);
        send(2, Bytes(found->second).subspan(offset, size));
        return;
      }
      case 4:
        CHECK(packet.size() == 0x10);
        ended[file_of(word(packet, 8))] = word(packet, 12);
        if (word(packet, 12) == 0) send(2, bytes_of_hex("05000000 08000000"));
        return;
      case 0x10:
        table_address = word(packet, 8);
        table_size = word(packet, 16);
        send(2, read_memory(table_address, table_size));
        return;
      default:
        return;
    }
  }
  static ByteVector read_memory(std::uint64_t address, std::uint64_t size) {
    return bytes_of_hex("11000000 18000000" + hex64(address) + hex64(size));
  }
  // Plays until the card has nothing more to ask.
  void run_sahara() {
    for (auto packet = receive(2); packet; packet = receive(2)) {
      give_buffer(3, 65535);
      answer(*packet);
    }
  }
  std::string boot_log() {
    std::string text;
    for (auto line = receive(12); line; line = receive(12)) {
      CHECK(line->size() <= 512);
      CHECK(line->back() == std::byte{0});
      text += qaic::base::as_text(Bytes(*line).first(line->size() - 1));
    }
    return text;
  }
  void answer_time() {
    const auto request = receive(20);
    REQUIRE(request.has_value());
    CHECK(hex_of(*request) == packed("aa55 0000 00 00 0000"));
    give_buffer(21, 8);
    send(20, bytes_of_hex("aa55 0000 00 01 0000 00f15365 00000000 40e20100 00000000"));
    const auto heard = receive(20);
    REQUIRE(heard.has_value());
    CHECK(hex_of(*heard) == packed("aa55 0000 00 02 0000"));
  }

  std::map<std::string, ByteVector> files;
  std::map<std::string, std::uint32_t> ended;
  std::vector<std::string> asked;
  std::vector<std::string> trace;
  bool knows_dumps = true;
  std::uint64_t table_address = 0, table_size = 0;
};

}  // namespace

TEST_CASE("a card in its boot ROM is in PBL, not ready, and hears no request for M0") {
  BootHost host;
  CHECK(host.env() == 0);
  CHECK(host.read(mhi::Register::status) == 0);
  host.request(mhi::DeviceState::m0);
  CHECK(host.read(mhi::Register::status) == 0);
  CHECK(!host.card.ready());
}

TEST_CASE("BHI takes a signed ELF image and turns the card to SBL") {
  BootHost host;
  CHECK(host.load_sbl(host.files["sbl.bin"]) == 2);
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  CHECK(host.env() == 1);
  CHECK(host.read(mhi::Register::status) == 0x101);
  CHECK(host.images.holds("sbl.bin"));
}

TEST_CASE("BHI refuses what is no image, with an error status, and takes a good one after") {
  BootHost host;
  ByteVector bad = host.files["sbl.bin"];
  std::uint32_t code = 0;
  SUBCASE("no bytes") {
    bad.clear();
    code = 1;
  }
  SUBCASE("no ELF file") {
    bad[0] = std::byte{0};
    code = 3;
  }
  SUBCASE("cut off") {
    bad.resize(bad.size() - 1);
    code = 3;
  }
  SUBCASE("no hash segment") {
    bad[0x47] = std::byte{0};
    code = 3;
  }
  SUBCASE("for another processor") {
    bad = image("QC_IMAGE_VERSION_STRING=SBL.AIC.9.8.7.6 ", 0, 164);
    code = 3;
  }
  CHECK(host.load_sbl(bad) == 3);
  CHECK(host.read(qaic::wire::bhi::Register::error_code) == code);
  CHECK(host.world.interrupts.raised == std::vector<unsigned>{0});
  CHECK(host.env() == 0);
  CHECK(!host.images.holds("sbl.bin"));
  CHECK(host.controller.take_messages().size() == 1);
  CHECK(host.load_sbl(host.files["sbl.bin"]) == 2);
}

TEST_CASE("BHI refuses an address that is not mapped and a size that no image has") {
  BootHost host;
  host.write(qaic::wire::bhi::Register::image_address_low, 0x1000);
  host.write(qaic::wire::bhi::Register::image_size, 4096);
  host.write(qaic::wire::bhi::Register::image_doorbell, 1);
  CHECK(host.read(qaic::wire::bhi::Register::error_code) == 2);
  host.write(qaic::wire::bhi::Register::image_size, 0xFFFFFFFF);
  host.write(qaic::wire::bhi::Register::image_doorbell, 1);
  CHECK(host.read(qaic::wire::bhi::Register::error_code) == 1);
  CHECK(host.env() == 0);
}

TEST_CASE("with all images the card goes from PBL to AMSS and reports their versions") {
  BootHost host;
  host.to_sbl();
  host.answer_time();
  host.events.clear();
  host.run_sahara();
  host.poll();
  CHECK(host.env() == 2);
  CHECK(host.card.ready());
  for (const auto& file : host.files) {
    CAPTURE(file.first);
    const auto held = host.images.image(file.first);
    REQUIRE(held.has_value());
    CHECK(*held == file.second);
  }
  for (const char* name : {"fw1.bin", "fw2.bin", "fw5.bin", "fw9.bin", "fw10.bin"})
    CHECK(host.ended.at(name) == 0);
  CHECK(qaic::base::fixed_text(host.card.status().sbl_image_name) == "SBL.AIC.9.8.7.6");
  CHECK(qaic::base::fixed_text(host.card.status().fw_qc_image_version) == "QSM.AIC.9.8.1.2");
  CHECK(qaic::base::fixed_text(host.card.status().nsp_qc_image_version) == "NSP.AIC.9.8.3.4");
  const std::string log = host.boot_log();
  CHECK(log.find("sbl.bin: 232 bytes, SBL.AIC.9.8.7.6\n") == 0);
  CHECK(log.find("fw2.bin: " + std::to_string(host.files["fw2.bin"].size()) + " bytes\n") !=
        std::string::npos);
  // The environment says AMSS before the event does, and SBL's channels are gone.
  CHECK(hex_of(qaic::base::bytes_of(host.events.back())) == packed("0000000000000000 00000002 00004000"));
  host.start_pair(channel::kControl);
  CHECK(!host.ask_status().empty());
}

TEST_CASE("the first packets of Sahara are those of the protocol") {
  BootHost host;
  host.to_sbl();
  const auto hello = host.receive(2);
  REQUIRE(hello.has_value());
  CHECK(hex_of(*hello) == packed("01000000 30000000 02000000 01000000 ffff0000 00000000") + zeros(24));
  host.give_buffer(3, 65535);
  host.answer(*hello);
  const auto read = host.receive(2);
  REQUIRE(read.has_value());
  CHECK(hex_of(*read) == packed("03000000 14000000 01000000 00000000 40000000"));
}

TEST_CASE("an image that the card needs and the host lacks leaves it in SBL") {
  BootHost host;
  std::string missing;
  SUBCASE("fw1") {
    missing = "fw1.bin";
  }
  SUBCASE("fw2") {
    missing = "fw2.bin";
  }
  host.files.erase(missing);
  host.to_sbl();
  host.answer_time();
  host.run_sahara();
  host.world.clock.now += std::chrono::seconds(60);
  host.controller.tick();
  CHECK(host.env() == 1);
  CHECK(!host.card.ready());
  CHECK(host.boot_log().find(missing + ": the host does not have it, or not all of it; cannot boot") !=
        std::string::npos);
  // A SoC reset, and this time it is there.
  host.files[missing] = image("QSM.AIC.9.8.1.2 ");
  host.write(mhi::Register::soc_reset, 1);
  CHECK(host.env() == 0);
  host.await_system_error();
  CHECK(!host.images.holds("sbl.bin"));
  host.mhi_reset();
  CHECK(host.read(mhi::Register::status) == 0);
  host.to_sbl();
  host.answer_time();
  host.run_sahara();
  CHECK(host.env() == 2);
}

TEST_CASE("an image that the card can do without is given up") {
  BootHost host;
  host.files.erase("fw5.bin");
  host.to_sbl();
  host.answer_time();
  host.run_sahara();
  CHECK(host.env() == 2);
  CHECK(host.ended.at("fw5.bin") != 0);
  CHECK(host.ended.at("fw9.bin") == 0);
}

TEST_CASE("an image that is none is refused at its end") {
  BootHost host;
  std::uint32_t status = 0;
  SUBCASE("text") {
    host.files["fw2.bin"] = ByteVector(5000, std::byte{'x'});
    status = 7;
  }
  SUBCASE("no hash segment") {
    host.files["fw2.bin"][0x47] = std::byte{0};
    status = 7;
  }
  SUBCASE("shorter than its segments say") {
    host.files["fw2.bin"].resize(5000);
    status = 8;
  }
  host.to_sbl();
  host.answer_time();
  host.run_sahara();
  CHECK(host.ended.at("fw1.bin") == 0);
  CHECK(host.ended.at("fw2.bin") == status);
  CHECK(host.env() == 1);
  CHECK(!host.images.holds("fw2.bin"));
}

TEST_CASE("a host without a clock channel boots all the same, a little later") {
  BootHost host;
  host.to_sbl();  // and no answer to the card's question
  host.run_sahara();
  CHECK(host.env() == 1);
  const auto deadline = host.controller.next_deadline();
  REQUIRE(deadline.has_value());
  host.world.clock.now = *deadline;
  host.controller.tick();
  CHECK(host.env() == 2);
  CHECK(!host.controller.next_deadline().has_value());
}

TEST_CASE("a host that suspends while SBL would leave is waited for without a deadline") {
  BootHost host;
  host.to_sbl();  // the host's time is still wanted
  host.run_sahara();
  CHECK(host.env() == 1);
  REQUIRE(host.controller.next_deadline().has_value());
  host.request(mhi::DeviceState::m3);
  CHECK(host.state() == 5);  // M3
  host.world.clock.now += std::chrono::seconds(1);
  CHECK(!host.controller.next_deadline().has_value());
  host.controller.tick();
  CHECK(host.env() == 1);
  host.request(mhi::DeviceState::m0);
  CHECK(host.state() == 2);
  CHECK(host.env() == 2);
}

TEST_CASE("an image may arrive in several transfers") {
  BootHost host;
  host.to_sbl();
  const auto hello = host.receive(2);
  host.give_buffer(3, 65535);
  host.answer(*hello);
  REQUIRE(host.receive(2).has_value());
  host.give_buffer(3, 65535);
  const Bytes file = host.files["fw1.bin"];
  host.send(2, file.first(20));
  CHECK(!host.receive(2).has_value());
  host.send(2, file.subspan(20, 44));
  CHECK(host.receive(2).has_value());
}

TEST_CASE("MHI reset in SBL begins Sahara anew") {
  BootHost host;
  host.to_sbl();
  const auto hello = host.receive(2);
  host.give_buffer(3, 65535);
  host.answer(*hello);
  host.mhi_reset();
  CHECK(host.env() == 1);
  host.bring_up();
  CHECK(host.take_events().back() == packed("0000000000000000 00000001 00004000"));
  host.start_pair(channel::kSahara);
  host.give_buffer(3, 65535);
  host.run_sahara();
  host.world.clock.now += std::chrono::seconds(1);
  host.controller.tick();
  CHECK(host.env() == 2);
}

TEST_CASE("after a crash the next boot offers a dump, then boots") {
  BootHost host;
  host.to_sbl();
  host.answer_time();
  host.run_sahara();
  REQUIRE(host.env() == 2);
  host.start_pair(channel::kControl);
  const auto before = host.card.status();
  host.controller.crash("the watchdog bit");
  CHECK(host.env() == 0);
  host.await_system_error();
  host.mhi_reset();
  host.to_sbl();
  host.answer_time();
  SUBCASE("to a host that knows dumps") {
    host.run_sahara();
    REQUIRE(host.table_size % 64 == 0);
    REQUIRE(host.table_size == 2 * 64);  // nothing was held
    // The answer to the first read is the table, whole and raw.
    host.trace.clear();
    host.give_buffer(3, 65535);
    host.send(2, BootHost::read_memory(host.table_address, host.table_size));
    const auto table = host.receive(2);
    REQUIRE(table.has_value());
    const auto entry = qaic::base::read_struct<qaic::wire::sahara::DumpEntry>(*table);
    REQUIRE(entry.has_value());
    CHECK(qaic::base::fixed_text(entry->file_name) == "reason.txt");
    const auto second = qaic::base::read_struct<qaic::wire::sahara::DumpEntry>(*table, 64);
    CHECK(qaic::base::fixed_text(second->file_name) == "status.bin");
    CHECK(second->size == sizeof(before));
    const auto fetch = [&](std::uint64_t address, std::uint64_t size) {
      host.give_buffer(3, 65535);
      host.send(2, BootHost::read_memory(address, size));
      const auto data = host.receive(2);
      return data ? *data : ByteVector();
    };
    CHECK(qaic::base::as_text(fetch(entry->address, entry->size)) == "the watchdog bit\n");
    CHECK(qaic::base::as_text(fetch(entry->address + 4, 8)) == "watchdog");
    // A host that reads is not cut off, however long it takes.
    CHECK(!host.controller.next_deadline().has_value());
    host.world.clock.now += std::chrono::seconds(60);
    host.controller.tick();
    CHECK(qaic::base::as_text(fetch(entry->address + 4, 8)) == "watchdog");
    // Outside of the regions: sixteen bytes that say no.
    CHECK(fetch(entry->address, entry->size + 1).size() == 16);
    CHECK(fetch(0, 64).size() == 16);
    CHECK(fetch(0xFFFFFFFFFFFFFFF0, 64).size() == 16);
    host.send(2, bytes_of_hex("07000000 08000000"));
    host.run_sahara();
  }
  SUBCASE("to a host that does not") {
    host.knows_dumps = false;
    host.run_sahara();
    CHECK(host.env() == 1);
    host.world.clock.now = *host.controller.next_deadline();
    host.controller.tick();
    host.run_sahara();
  }
  CHECK(host.env() == 2);
  CHECK(host.card.ready());
}

TEST_CASE("a host that begins anew in SBL finds the dump of a crash again, until the card is up") {
  BootHost host;
  host.controller.crash("the watchdog bit");
  host.await_system_error();
  host.mhi_reset();
  host.to_sbl();
  const auto offer = host.receive(2);
  REQUIRE(offer.has_value());
  CHECK(BootHost::word(*offer, 20) == 2);
  SUBCASE("after an MHI reset") {
    host.mhi_reset();
  }
  SUBCASE("without a word") {}
  host.bring_up();
  host.start_pair(channel::kSahara);
  host.give_buffer(3, 65535);
  const auto again = host.receive(2);
  REQUIRE(again.has_value());
  CHECK(BootHost::word(*again, 20) == 2);
  host.answer(*again);
  host.run_sahara();
  host.give_buffer(3, 65535);
  host.send(2, bytes_of_hex("07000000 08000000"));  // it has seen enough
  host.run_sahara();
  host.world.clock.now += std::chrono::seconds(1);
  host.controller.tick();
  CHECK(host.env() == 2);
  // The next boot has no dump to offer.
  host.write(mhi::Register::soc_reset, 1);
  host.await_system_error();
  host.mhi_reset();
  host.to_sbl();
  const auto plain = host.receive(2);
  REQUIRE(plain.has_value());
  CHECK(BootHost::word(*plain, 20) == 0);
}
